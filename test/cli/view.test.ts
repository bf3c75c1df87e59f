import { describe, expect, it } from 'vitest';
import { renderLine, renderStatus } from '../../src/cli/view.ts';
import { aStatus } from './support/status.ts';

describe('the live view', () => {
  it('shows lines, database, queues and agents', () => {
    expect(renderStatus(aStatus()).join('\n')).toMatchInlineSnapshot(`
      "bascule 1.2.3 · srv1 · up 2h3m · 3 calls in progress
      Lines     main 4/30   spare 0/10 NOT REGISTERED (403 Forbidden)
      Database  AWAY, records are spooled, 17 spooled   Media  4 streams, 1 bridges, 196 ports free
      Calls     120 offered = 101 answered + 12 abandoned + 4 overflowed + 0 deterred + 0 lost + 3 in progress

      QUEUE    WAITING  RINGING  TALKING  LONGEST  ESTIMATED  READY  SIGNED IN  ANSWERED  ABANDONED  LEVEL  ASA
      sales          2        1        1  42s      1m30s          1          3       101         12    88%  11s
      support        0        0        0  -        -              0          0         0          0      -  -

      AGENT  STATE              FOR   CALL  ANSWERED  NO ANSWER
      anna   talking            1m5s  c-1         31          0
      chloe  ready UNREACHABLE  1m5s  -            0          2
      bruno  paused (lunch)     1m5s  -            0          0
      1 agent signed out"
    `);
  });

  it('keeps within the columns given', () => {
    for (const columns of [20, 60, 80]) {
      expect(Math.max(...renderStatus(aStatus(), columns).map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
  });

  it('says in one line what matters', () => {
    expect(renderLine(aStatus())).toBe(
      'calls 3 · waiting 2 · ringing 1 · talking 1 · agents ready 1 talking 1 wrap-up 0 paused 1 · ' +
        'offered 120 answered 101 abandoned 12 · lines 1/2 · database away spooled 17',
    );
  });

  it('what came over a line cannot move the cursor', () => {
    const status = aStatus();
    const lines = [{ ...status.lines[1]!, reason: 'no\u001b[2J\nway' }];
    const text = renderStatus({ ...status, lines }).join('\n');
    expect(text).not.toContain('\u001b');
    expect(text).toContain('no�[2J�way');
  });

  it('an empty centre says what to do next', () => {
    const status = aStatus();
    const lines = renderStatus({ ...status, site: { ...status.site, queues: [], agents: [] } });
    expect(lines).toContain('No queue yet: bascule queue set ID');
  });
});
