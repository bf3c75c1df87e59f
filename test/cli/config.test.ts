import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig, readConfig, readSocket } from '../../src/config/load.ts';
import { BasculeError, ERRORS } from '../../src/core/kernel/errors.ts';
import { temporaryFolder } from '../support/folder.ts';

const MINIMAL = 'sip:\n  ipbx: { addresses: ["192.0.2.10"] }\n  lines:\n    - { id: main, user: service }\n';

const site = (text: string, files: Readonly<Record<string, { text: string; mode?: number }>> = {}): string => {
  const folder = temporaryFolder('config');
  for (const [name, { text: content, mode }] of Object.entries<{ text: string; mode?: number }>({
    'bascule.yaml': { text },
    ...files,
  })) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode ?? 0o640);
  }
  return join(folder, 'bascule.yaml');
};

/** Every error of a file, folder left out, with what to do about it. */
const errorsOf = (text: string, files: Parameters<typeof site>[1] = {}): string => {
  const file = site(text, files);
  const { config, errors } = readConfig(file, {});
  expect(config === null).toBe(errors.length > 0);
  return errors.map(({ code, message, remedy }) => `${code} ${message} | ${remedy}`.replaceAll(dirname(file), '')).join('\n');
};

describe('the node’s file', () => {
  it('with the least that it needs has everything else', () => {
    const file = site(MINIMAL);
    const config = loadConfig(file, {});
    const folder = dirname(file);
    expect(config).toMatchObject({
      dataDir: join(dirname(folder), 'data'),
      sip: {
        listen: { address: '0.0.0.0', port: 5060, protocol: 'udp' },
        ipbx: { addresses: [{ host: '192.0.2.10', port: 5060 }], domain: '192.0.2.10' },
        lines: [{ id: 'main', user: 'service', authUser: 'service', password: null, channels: 30, register: true }],
      },
      control: { socket: join(dirname(folder), 'data/control.sock') },
      log: { dir: join(dirname(folder), 'data/log'), level: 'info', maskNumbers: true },
      drain: { timeoutMs: 300_000 },
    });
    expect(config.node).toMatch(/^[a-z0-9][a-z0-9-]*$/);
  });

  it('BASCULE_DATA_DIR wins over dataDir', () => {
    const environment = { BASCULE_DATA_DIR: '/var/lib/somewhere' };
    const file = site(`dataDir: /elsewhere\n${MINIMAL}`);
    expect(loadConfig(file, environment)).toMatchObject({
      dataDir: '/var/lib/somewhere',
      log: { dir: '/var/lib/somewhere/log' },
    });
    expect(readSocket(file, environment)).toBe('/var/lib/somewhere/control.sock');
    expect(readSocket(file, {})).toBe('/elsewhere/control.sock');
  });

  it('reads IPv6 addresses, a redundant pair, durations as texts', () => {
    const text = `${MINIMAL.replace('"192.0.2.10"', '"[2001:db8::1]:5070", pbx2.example')}drain: { timeoutMs: 2m }\n`;
    const { sip, drain } = loadConfig(site(text), {});
    expect(sip.ipbx).toEqual({
      addresses: [
        { host: '2001:db8::1', port: 5070 },
        { host: 'pbx2.example', port: 5060 },
      ],
      domain: '2001:db8::1',
    });
    expect(drain.timeoutMs).toBe(120_000);
  });

  it('every error names file, line, key and remedy', () => {
    const text = [
      'node: SRV 1',
      'langage: fr',
      'sip:',
      '  listen: { port: 70000, protocol: ws }',
      '  ipbx:',
      '    addresses: []',
      '  lines:',
      '    - id: main',
      '      user: service',
      '      chanels: 3',
      '    - user: other',
      '      id: Other',
      'media:',
      '  ports: [1, 2]',
      'drain: 5m',
      'log:',
      '  level:',
    ].join('\n');
    expect(errorsOf(text)).toMatchInlineSnapshot(`
      "CFG_INVALID /bascule.yaml:1: node: must be small letters, digits and hyphens, 63 at most. | Correct node.
      CFG_INVALID /bascule.yaml:2: langage: is not a known key. | Did you mean “language”?
      CFG_INVALID /bascule.yaml:4: sip.listen.port: must be at most 65535. | Give 65535 or less.
      CFG_INVALID /bascule.yaml:4: sip.listen.protocol: must be one of udp, tcp, tls. | Choose one of udp, tcp, tls.
      CFG_INVALID /bascule.yaml:6: sip.ipbx.addresses: needs at least 1 of them. | Give it a value.
      CFG_INVALID /bascule.yaml:10: sip.lines[0].chanels: is not a known key. | Did you mean “channels”?
      CFG_INVALID /bascule.yaml:12: sip.lines[1].id: must be an identifier: small letters, digits and hyphens, 63 at most. | Correct sip.lines[1].id.
      CFG_INVALID /bascule.yaml:14: media.ports: must be a group of keys, not a list. | Correct media.ports.
      CFG_INVALID /bascule.yaml:15: drain: must be a group of keys, not a text. | Correct drain.
      CFG_INVALID /bascule.yaml:17: log.level: must be one of error, warn, info, debug. | Choose one of error, warn, info, debug."
    `);
  });

  it('relations are told with their arithmetic', () => {
    const text = `${MINIMAL}
    - { id: main, user: service, channels: 40 }
  listen: { port: 20000 }
media: { ports: { first: 20000, last: 20099 } }
database: { url: "postgres://u:secret@db/bascule" }
limits: { calls: 20 }
`;
    expect(errorsOf(text)).toMatchInlineSnapshot(`
      "CFG_RELATION /bascule.yaml: media.ports gives 100 ports (20000 to 20099), but 70 channels need 140: 2 ports × 70 channels. | Set media.ports.last to 20139 or more, or lower the channels to 50 in all.
      CFG_RELATION /bascule.yaml: sip.listen.port (20000) lies within media.ports (20000 to 20099). | Give SIP a port outside that range.
      CFG_RELATION /bascule.yaml: sip.lines has the id main twice. | Give each line its own id.
      CFG_RELATION /bascule.yaml: sip.lines registers the SIP user service twice. | Give each line a user of its own, or raise the channels of one.
      CFG_RELATION /bascule.yaml: database.url holds a password, which process lists and logs would show. | Remove it from the URL and put it into a file named by database.passwordFile."
    `);
    expect(errorsOf(text)).not.toContain('secret@');
  });

  it('tls needs its files', () => {
    expect(errorsOf(`${MINIMAL}  listen: { protocol: tls }\n`)).toMatchInlineSnapshot(
      `"CFG_RELATION /bascule.yaml: sip.listen.protocol is tls, which needs sip.tls.certFile and sip.tls.keyFile. | Give both files: the IPBX opens connections to this server too."`,
    );
  });

  it.each([
    ['a tab', 'sip:\n\tlines: 3\n'],
    ['a key twice', `${MINIMAL}sip: {}\n`],
    ['an unclosed text', 'node: "srv\n'],
  ])('YAML with %s', (_, text) => {
    expect(errorsOf(text)).toMatch(/^CFG_YAML \/bascule\.yaml:[1-9]\d*: the file is not valid YAML: .+ \| Correct the line/);
  });

  it('a bomb of aliases is refused', () => {
    const levels = Array.from(
      { length: 9 },
      (_, index) =>
        `a${index}: &a${index} [${Array(9)
          .fill(index === 0 ? '1' : `*a${index - 1}`)
          .join(', ')}]`,
    );
    expect(errorsOf(levels.join('\n'))).toContain('CFG_YAML');
  });

  it('an empty file, a missing file, a folder', () => {
    expect(errorsOf('')).toContain('sip: is missing. | Add sip.');
    const missing = join(temporaryFolder('config'), 'none.yaml');
    expect(() => loadConfig(missing, {})).toThrow(expect.objectContaining({ code: 'CFG_NOT_FOUND' }) as Error);
    expect(() => loadConfig(dirname(missing), {})).toThrow(expect.objectContaining({ code: 'CFG_UNREADABLE' }) as Error);
  });

  it('a socket’s path must fit into its address', () => {
    expect(errorsOf(`${MINIMAL}control: { socket: /${'x'.repeat(120)} }\n`)).toContain(
      'the path is 121 bytes long, a socket’s may have 107',
    );
  });
});

describe('secrets', () => {
  const text = MINIMAL.replace('user: service', 'user: service, passwordFile: secrets/sip');

  it('are read from files, and shown by nothing', () => {
    const config = loadConfig(site(text, { 'secrets/sip': { text: 's3cret\n', mode: 0o600 } }), {});
    expect(config.sip.lines[0]?.password?.reveal()).toBe('s3cret');
    expect(JSON.stringify(config) + inspect(config, { depth: 9 }) + String(config.sip.lines[0]?.password)).not.toContain(
      's3cret',
    );
  });

  it('a file that everybody can read is refused', () => {
    const errors = errorsOf(text, { 'secrets/sip': { text: 's3cret\n', mode: 0o644 } });
    expect(errors).toMatch(
      /^CFG_INVALID \/bascule.yaml:4: sip\.lines\[0\]\.passwordFile: the file .* can be read by everybody \(mode 644\)\. \| Run: chmod 600 /,
    );
  });

  it.each([
    ['absent', {}, 'cannot be read (ENOENT)'],
    ['empty', { 'secrets/sip': { text: '\n', mode: 0o600 } }, 'does not hold one line'],
    ['of two lines', { 'secrets/sip': { text: 'a\nb\n', mode: 0o600 } }, 'does not hold one line'],
  ])('a file that is %s', (_, files, detail) => {
    expect(errorsOf(text, files)).toContain(detail);
  });

  it('a password in a file that everybody can read is refused, in a closed one it is warned of', () => {
    const inline = MINIMAL.replace('user: service', 'user: service, password: s3cret');
    const open = site(inline);
    chmodSync(open, 0o644);
    expect(readConfig(open, {}).errors).toMatchObject([{ code: 'CFG_INVALID', fields: { key: 'sip.lines[0].password' } }]);
    const { errors, warnings } = readConfig(site(inline), {});
    expect({ errors, warnings }).toEqual({
      errors: [],
      warnings: ['line main has its password in this file: prefer passwordFile.'],
    });
  });

  it('errors never repeat a value', () => {
    const wrong = MINIMAL.replace('user: service', 'user: service, password: [s3cret]');
    expect(errorsOf(wrong)).toMatch(/password: must be a text, not a list/);
    expect(errorsOf(wrong)).not.toContain('s3cret');
  });
});

describe('whatever is in the file', () => {
  it('there is a configuration or errors of the table, never a crash', () => {
    const word = fc.constantFrom(
      'sip',
      'lines',
      'ipbx',
      'addresses',
      'media',
      'ports',
      'first',
      'log',
      'database',
      'url',
      'id',
      'user',
      '__proto__',
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.integer(),
        fc.string({ maxLength: 8 }),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(word, tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    const file = site('');
    fc.assert(
      fc.property(value, (content) => {
        writeFileSync(file, JSON.stringify(content));
        const { config, errors } = readConfig(file, {});
        expect(config === null).toBe(errors.length > 0);
        for (const error of errors) {
          expect(error).toBeInstanceOf(BasculeError);
          expect(ERRORS).toHaveProperty(error.code);
          expect(error.message + error.remedy).not.toMatch(/\{\w+\}|undefined|\[object/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
