import { usersOf } from '../../core/centre/references.ts';
import { validateCentre } from '../../core/centre/validate.ts';
import type { Centre } from '../../core/kernel/centre.ts';
import { BasculeError } from '../../core/kernel/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CentreRepository } from '../../ports/store.ts';
import type { CentreDocument, CentreKind } from '../../wire/centre.ts';
import { assembleCentre, CENTRE_KINDS, parseEntry } from '../../wire/centre.ts';
import type { CentreObject, ChangeReport } from '../../wire/control.ts';

export interface CentreServiceOptions {
  readonly repository: CentreRepository;
  readonly clock: Clock;
  /** The new centre is durable: make it effective. Resolves when it is. */
  readonly changed: (centre: Centre) => Promise<void>;
}

interface Wanted {
  readonly kind: CentreKind;
  readonly id: string;
  /** null removes the object. */
  readonly document: unknown;
}

export interface CentreService {
  list(kind: CentreKind): Promise<readonly CentreObject[]>;
  get(kind: CentreKind, id: string): Promise<CentreObject>;
  all(): Promise<readonly CentreDocument[]>;
  /** All or nothing: validated alone and together, written in one transaction, effective at once (A6). */
  change(wanted: readonly Wanted[], by: string): Promise<readonly ChangeReport[]>;
  /** `replace`: what is not among `wanted` is removed. */
  import(wanted: readonly Wanted[], replace: boolean, by: string): Promise<readonly ChangeReport[]>;
}

const keyOf = ({ kind, id }: { readonly kind: string; readonly id: string }): string => `${kind}/${id}`;

/** Changes of the centre's configuration, one after the other. */
export function createCentreService({ repository, clock, changed }: CentreServiceOptions): CentreService {
  let last: Promise<unknown> = Promise.resolve();

  /** Two changes at once would each be checked against a centre that the other is changing. */
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const turn = last.then(action, action);
    last = turn.catch(() => {});
    return turn;
  };

  const all = async (): Promise<readonly CentreDocument[]> => {
    const kinds = await Promise.all(
      CENTRE_KINDS.map(async (kind) =>
        (await repository.documents(kind)).map(({ id, document }) => parseEntry(kind, id, document)),
      ),
    );
    return kinds.flat();
  };

  const change = async (wanted: readonly Wanted[], by: string): Promise<readonly ChangeReport[]> => {
    const before = new Map((await all()).map((entry) => [keyOf(entry), entry]));
    const after = new Map(before);
    for (const { kind, id, document } of wanted) {
      if (document !== null) after.set(keyOf({ kind, id }), parseEntry(kind, id, document));
      else if (!after.delete(keyOf({ kind, id }))) throw new BasculeError('CTR_UNKNOWN', { kind, id });
    }
    const candidate = assembleCentre([...after.values()]);
    for (const { kind, id, document } of wanted) {
      const users = document === null ? usersOf(candidate, kind, id) : [];
      if (users.length > 0) throw new BasculeError('CTR_IN_USE', { kind, id, users: users.join(', ') });
    }
    const [problem] = validateCentre(candidate);
    if (problem !== undefined) throw problem;
    const reports = [...new Set([...before.keys(), ...after.keys()])].flatMap((key): readonly ChangeReport[] => {
      const old = before.get(key);
      const now = after.get(key);
      const { kind, id } = (now ?? old)!;
      const same = JSON.stringify(old?.document) === JSON.stringify(now?.document);
      return same ? [] : [{ kind, id, before: old?.document ?? null, after: now?.document ?? null }];
    });
    if (reports.length > 0) {
      await repository.apply(
        reports.map(({ kind, id, after: document }) => ({ kind, id, document })),
        by,
        clock.now(),
      );
      await changed(await repository.load());
    }
    return reports;
  };

  return {
    all,
    list: async (kind) => (await repository.documents(kind)).map(({ id, document }) => ({ kind, id, document })),
    async get(kind, id) {
      const found = (await repository.documents(kind)).find((one) => one.id === id);
      if (found === undefined) throw new BasculeError('CTR_UNKNOWN', { kind, id });
      return { kind, id, document: found.document };
    },
    change: (wanted, by) => inTurn(() => change(wanted, by)),
    import: (wanted, replace, by) =>
      inTurn(async () => {
        if (!replace) return change(wanted, by);
        const kept = new Set(wanted.map(keyOf));
        const others = (await all()).filter((entry) => !kept.has(keyOf(entry)) && entry.kind !== 'settings');
        return change([...wanted, ...others.map(({ kind, id }) => ({ kind, id, document: null }))], by);
      }),
  };
}
