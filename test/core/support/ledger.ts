import type { Effect } from '../../../src/core/kernel/effects.ts';
import type { JournalEntry } from '../../../src/core/kernel/journal.ts';
import type { Site } from '../../../src/core/site.ts';

interface Story {
  opened: number;
  closed: number;
  live: boolean;
  sequence: number;
  ended: boolean;
}

const wrong = (rule: string, detail: string): never => {
  throw new Error(`${rule}: ${detail}`);
};

/** What the database would have been told, checked as it is told. */
export class Ledger {
  readonly stories = new Map<string, Story>();
  readonly #actions = new Set<string>();

  #story(call: string): Story {
    let story = this.stories.get(call);
    if (story === undefined) {
      story = { opened: 0, closed: 0, live: false, sequence: 0, ended: false };
      this.stories.set(call, story);
    }
    return story;
  }

  /** Effects of one step: what must be durable comes before what depends on it. */
  take(effects: readonly Effect[]): void {
    let ordered = false;
    for (const effect of effects) {
      if (effect.type !== 'record') ordered = true;
      else if (ordered) wrong('D20', `a record of ${effect.record.kind} after an order`);
      else this.#record(effect.record);
    }
  }

  #record(record: JournalEntry): void {
    switch (record.kind) {
      case 'call': {
        const story = this.#story(record.row.call);
        if (record.row.endedAt === null) story.opened += 1;
        else story.closed += 1;
        if (story.opened !== 1 || story.closed > 1)
          wrong('D18', `${record.row.call} opened ${story.opened}, closed ${story.closed}`);
        if ((record.row.endedAt === null) !== (record.row.outcome === null))
          wrong('D18', `${record.row.call} ends without an outcome`);
        return;
      }
      case 'call-event': {
        const story = this.#story(record.call);
        if (record.sequence !== story.sequence + 1)
          wrong('D18', `${record.call} jumps from ${story.sequence} to ${record.sequence}`);
        if (story.ended) wrong('D18', `${record.call} has ${record.event} after its end`);
        story.sequence = record.sequence;
        story.ended = record.event === 'ended';
        return;
      }
      case 'live-call': {
        const story = this.#story(record.live.call);
        if (story.closed > 0) wrong('D18', `${record.live.call} lives after its row was closed`);
        story.live = true;
        return;
      }
      case 'live-call-ended':
        this.#story(record.call).live = false;
        return;
      case 'agent-action':
        if (this.#actions.has(record.action)) wrong('D18', `action ${record.action} twice`);
        this.#actions.add(record.action);
        return;
      case 'agent-state':
    }
  }

  /** At the end of a day every story is complete. */
  close(site: Site): void {
    for (const [call, { opened, closed, live, ended }] of this.stories) {
      if (opened !== 1 || closed !== 1 || live || !ended)
        wrong('D18', `${call}: ${JSON.stringify({ opened, closed, live, ended })}`);
    }
    if (site.tally.offered !== this.stories.size) wrong('D12', `${site.tally.offered} offered, ${this.stories.size} rows`);
  }
}
