import { describe, expect, it } from 'vitest';
import { BasculeError } from '../../src/core/kernel/errors.ts';
import type { CentreChange, CentreKind, CentreRepository } from '../../src/ports/store.ts';

export interface OpenCentreRepository {
  readonly repository: CentreRepository;
  /** Every change ever made, oldest first. */
  readonly history: () => Promise<
    readonly { readonly kind: string; readonly id: string; readonly old: unknown; readonly new: unknown; readonly by: string }[]
  >;
  /** Puts a document past the repository, as an older version could have left it. */
  readonly plant: (kind: CentreKind, id: string, document: unknown) => Promise<void>;
}

const AT = 1_800_000_000_000;

const CHANGES: readonly CentreChange[] = [
  { kind: 'skill', id: 'english', document: { name: 'English' } },
  { kind: 'pause-reason', id: 'lunch', document: { name: 'Lunch', digits: '1' } },
  {
    kind: 'hours',
    id: 'office',
    document: { name: 'Office', zone: 'Europe/Paris', holidays: 'FR', closedDates: ['2026-08-17'] },
  },
  { kind: 'queue', id: 'sales', document: { name: 'Sales', strategy: 'linear', skills: [{ skill: 'english', minLevel: 3 }] } },
  {
    kind: 'agent',
    id: 'ada',
    document: { name: 'Ada “the first”', extension: '201', skills: [{ skill: 'english', level: 5 }], order: 1 },
  },
  { kind: 'campaign', id: 'main', document: { name: 'Main', numbers: ['100'], target: { to: 'queue', queue: 'sales' } } },
  {
    kind: 'scenario',
    id: 'menu',
    document: { name: 'Menu', start: 'start', nodes: { start: { kind: 'queue', queue: 'sales' } } },
  },
  { kind: 'settings', id: 'settings', document: { directMedia: true } },
];

/** What every centre repository does (ports/store.ts). */
export const centreRepositoryContract = (name: string, open: () => Promise<OpenCentreRepository>): void => {
  describe(`centre repository: ${name}`, () => {
    it('is empty at first, with the settings of a new centre', async () => {
      const { repository } = await open();
      const { settings, ...maps } = await repository.load();
      for (const map of Object.values(maps)) expect(map.size).toBe(0);
      expect(settings).toMatchObject({ outgoingLine: null, directMedia: false });
      expect(settings.featureCodes).toEqual({ signIn: '*11', signOut: '*12', pause: '*13', resume: '*14' });
      expect(await repository.documents('queue')).toEqual([]);
    });

    it('gives back every kind of object, whole', async () => {
      const { repository } = await open();
      await repository.apply(CHANGES, 'root', AT);
      const centre = await repository.load();
      expect(centre.skills.get('english')).toEqual({ id: 'english', name: 'English' });
      expect(centre.pauseReasons.get('lunch')).toEqual({ id: 'lunch', name: 'Lunch', digits: '1' });
      expect(centre.queues.get('sales')).toMatchObject({ id: 'sales', strategy: 'linear', wrapUpMs: expect.any(Number) });
      expect(centre.agents.get('ada')).toEqual({
        ...{ id: 'ada', name: 'Ada “the first”', extension: '201', order: 1 },
        skills: [{ skill: 'english', level: 5 }],
      });
      expect(centre.campaigns.get('main')).toMatchObject({
        id: 'main',
        numbers: ['100'],
        target: { to: 'queue', queue: 'sales' },
      });
      expect(centre.scenarios.get('menu')?.nodes).toEqual({ start: { kind: 'queue', queue: 'sales' } });
      expect(centre.settings.directMedia).toBe(true);
      for (const { kind, id, document } of CHANGES) expect(await repository.documents(kind)).toEqual([{ id, document }]);
    });

    it('expands public holidays into the closed days, and leaves the document as it was written', async () => {
      const { repository } = await open();
      await repository.apply(CHANGES, 'root', AT);
      const closed = (await repository.load()).calendars.get('office')?.closedDates ?? [];
      expect(closed).toContain('2026-08-17');
      expect(closed.filter((day) => day.endsWith('-07-14'))).toHaveLength(3);
      const [{ document } = { document: {} }] = await repository.documents('hours');
      expect(document).toMatchObject({ closedDates: ['2026-08-17'] });
    });

    it('replaces, removes, and keeps the history of what was changed and by whom', async () => {
      const { repository, history } = await open();
      const change = (document: unknown): CentreChange => ({ kind: 'skill', id: 'english', document });
      await repository.apply([change({ name: 'English' })], 'ada', AT);
      await repository.apply([change({ name: 'English' })], 'bob', AT + 1);
      await repository.apply([change({ name: 'Anglais' })], 'bob', AT + 2);
      await repository.apply([change(null)], 'eve', AT + 3);
      await repository.apply([change(null)], 'eve', AT + 4);
      expect((await repository.load()).skills.size).toBe(0);
      // What changes nothing leaves no trace.
      expect(await history()).toEqual([
        { kind: 'skill', id: 'english', old: null, new: { name: 'English' }, by: 'ada' },
        { kind: 'skill', id: 'english', old: { name: 'English' }, new: { name: 'Anglais' }, by: 'bob' },
        { kind: 'skill', id: 'english', old: { name: 'Anglais' }, new: null, by: 'eve' },
      ]);
    });

    it('makes all the changes of one order, or none', async () => {
      const { repository, history } = await open();
      const impossible: CentreChange = { kind: 'skill', id: 'bad', document: { name: 'a\u0000b' } };
      await expect(repository.apply([...CHANGES, impossible], 'root', AT)).rejects.toThrow();
      expect((await repository.load()).queues.size).toBe(0);
      expect(await history()).toEqual([]);
    });

    it('takes changes from several people at once, one after the other', async () => {
      const { repository, history } = await open();
      const people = Array.from({ length: 8 }, (_, index) => `p${index}`);
      await Promise.all(people.map((by) => repository.apply([{ kind: 'skill', id: 'english', document: { name: by } }], by, AT)));
      const changes = await history();
      expect(changes).toHaveLength(people.length);
      // Each found what another left: the names form one chain.
      const olds = new Set(changes.map(({ old }) => JSON.stringify(old)));
      expect(olds.size).toBe(people.length);
    });

    it('fills in what an older version did not know, and leaves out what cannot be read', async () => {
      const { repository, plant } = await open();
      await plant('queue', 'old', { name: 'Old' });
      await plant('queue', 'odd', { name: 'Odd', strategy: 'by-horoscope' });
      const { queues } = await repository.load();
      expect([...queues.keys()]).toEqual(['old']);
      expect(queues.get('old')?.strategy).toBe('skill-level');
      expect(await repository.documents('queue')).toHaveLength(2);
    });
  });
};

/** The error of a repository whose database is away. */
export const expectUnavailable = async (action: Promise<unknown>): Promise<void> => {
  const error: unknown = await action.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(BasculeError);
  expect(error).toMatchObject({ code: 'STO_UNAVAILABLE' });
};
