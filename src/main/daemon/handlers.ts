import { BasculeError, ERRORS } from '../../core/kernel/errors.ts';
import type { ErrorCode } from '../../core/kernel/errors.ts';
import type { Order } from '../../core/kernel/events.ts';
import type { Site } from '../../core/site.ts';
import type { CallHistory } from '../../ports/store.ts';
import type { Loop } from '../../runtime/loop.ts';
import type { ReplyError } from '../../runtime/effects.ts';
import type { ControlHandlers, StatusDocument } from '../../wire/control.ts';
import type { CentreService } from './centre-service.ts';

/** What commands act upon; there once the daemon is put together. */
export interface Parts {
  readonly node: string;
  readonly version: string;
  readonly site: Site;
  readonly loop: Loop;
  readonly centres: CentreService;
  readonly history: CallHistory;
  readonly replies: Map<number, (error: ReplyError) => void>;
  readonly status: () => StatusDocument;
  readonly setDrain: (on: boolean) => void;
  readonly drain: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly reload: () => { readonly applied: readonly string[]; readonly needRestart: readonly string[] };
}

/** The daemon's side of every `bascule` command. `parts` throws DMN_STARTING until there is something to command. */
export function createHandlers(parts: () => Parts, node: string, version: string): ControlHandlers {
  let lastReply = 0;

  const order = (wanted: Order, by: string): Promise<null> => {
    const { loop, replies } = parts();
    const reply = ++lastReply;
    return new Promise((resolve, reject) => {
      replies.set(reply, (error) => {
        replies.delete(reply);
        if (error === null) resolve(null);
        else reject(new BasculeError(knownCode(error.code), JSON.parse(error.detail) as Record<string, string | number>));
      });
      loop.post({ type: 'order', order: wanted, by, reply });
    });
  };

  return {
    ping: () => ({ pid: process.pid, version, node }),
    status: () => parts().status(),
    calls: ({ ended }) => {
      const { history, status } = parts();
      if (ended !== null) return history.recent(ended);
      return status().site.calls.map((call) => ({ ...call }));
    },
    agents: () => parts().status().site.agents,
    order: (fields, by) => order(fields.order, by),
    'centre.list': ({ kind }) => parts().centres.list(kind),
    'centre.get': ({ kind, id }) => parts().centres.get(kind, id),
    'centre.set': ({ kind, id, document }, by) => parts().centres.change([{ kind, id, document }], by),
    'centre.remove': ({ kind, id }, by) => parts().centres.change([{ kind, id, document: null }], by),
    'centre.import': ({ changes, replace }, by) => parts().centres.import(changes, replace, by),
    'centre.export': async () => [...(await parts().centres.all())],
    drain({ on }) {
      const { setDrain, drain, site } = parts();
      if (on) void drain();
      else setDrain(false);
      return { draining: on, callsInProgress: site.calls.size };
    },
    stop({ now }) {
      const { stop, drain, site } = parts();
      void (now ? stop() : drain());
      return { pid: process.pid, callsInProgress: site.calls.size };
    },
    reload: () => parts().reload(),
  };
}

const knownCode = (code: string): ErrorCode => (code in ERRORS ? (code as ErrorCode) : 'DMN_REQUEST');
