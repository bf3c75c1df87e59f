import { unreachable } from '../../../core/kernel/assert.ts';
import { masked } from '../numbers.ts';
import type { News } from '../people/scene.ts';

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`;

/** News as a line to read. Numbers are masked: a demonstration shows good manners too. */
export function sentence(news: News): string {
  switch (news.kind) {
    case 'arrived':
      return `${masked(news.caller)} calls ${news.campaign}`;
    case 'answered':
      return `${news.agent} answers ${masked(news.caller)} after ${seconds(news.waitMs)}`;
    case 'talked':
      return `${masked(news.caller)} has talked for ${seconds(news.talkMs)}${news.heard ? '' : ' without hearing the other'}`;
    case 'abandoned':
      return `${masked(news.caller)} gives up after ${seconds(news.waitMs)}`;
    case 'sent-away':
      return `${masked(news.caller)} is sent away: closed, or nobody to answer`;
    case 'ignored':
      return `${news.agent} lets the telephone ring`;
    case 'rejected':
      return `${news.agent} rejects a call`;
    case 'held':
      return `${news.agent} puts ${masked(news.caller)} on hold`;
    case 'resumed':
      return `${news.agent} comes back to ${masked(news.caller)}`;
    case 'transferred':
      return news.connected
        ? `${news.agent} has transferred ${masked(news.caller)} to the management`
        : `${news.agent} could not transfer ${masked(news.caller)}`;
    case 'signed-in':
      return news.accepted ? `${news.agent} signs in, dialling the code` : `${news.agent} could not sign in`;
    case 'paused':
      return news.accepted ? `${news.agent} takes a break` : `${news.agent} could not take a break`;
    case 'back':
      return news.accepted ? `${news.agent} is back at the desk` : `${news.agent} could not come back`;
    default:
      return unreachable(news);
  }
}
