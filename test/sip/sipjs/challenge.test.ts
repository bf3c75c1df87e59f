import { describe, expect, it } from 'vitest';
import { chooseChallenges } from '../../../src/adapters/sip/sipjs/challenge.ts';
import { DigestSession } from '../../../src/adapters/sip/sipjs/digest.ts';

const only = (value: string) => {
  const [challenge] = chooseChallenges([value]);
  if (challenge === undefined) throw new Error('no challenge');
  return challenge;
};

describe('challenges', () => {
  it('are read with every field', () => {
    expect(
      only('Digest realm="a, \\"b\\"", nonce="n=1", opaque="o", qop="auth-int,auth", stale=TRUE, algorithm=SHA-256'),
    ).toEqual({
      realm: 'a, "b"',
      nonce: 'n=1',
      opaque: '"o"',
      algorithm: 'sha-256',
      algorithmWritten: 'SHA-256',
      qop: 'auth',
      stale: true,
    });
  });

  it('default to MD5 without quality', () => {
    expect(only('digest  realm=r,nonce=n')).toMatchObject({
      realm: 'r',
      algorithm: 'md5',
      algorithmWritten: undefined,
      qop: undefined,
      stale: false,
    });
  });

  it.each([
    [['Digest realm="r", nonce="1", algorithm=MD5', 'Digest realm="r", nonce="2", algorithm=SHA-256'], ['2']],
    [['Digest realm="r", nonce="1", algorithm=SHA-256', 'Digest realm="r", nonce="2", algorithm=MD5'], ['1']],
    [['Digest realm="r", nonce="1", algorithm=MD5, Digest realm="r", nonce="2", algorithm=SHA-256'], ['2']],
    [['Digest realm="r", nonce="1", algorithm=AKAv1-MD5', 'Digest realm="r", nonce="2"'], ['2']],
    [['Digest realm="r", nonce="1", qop="future"', 'Digest realm="r", nonce="2"'], ['2']],
    [['Digest realm="r", nonce="1", qop="future"'], []],
    [['Basic realm="r"', 'Bearer x', 'nonsense', ''], []],
    [['Digest realm="r"', 'Digest nonce="n"'], []],
    [
      ['Digest realm="a", nonce="1"', 'Digest realm="b", nonce="2", algorithm=SHA-256'],
      ['1', '2'],
    ],
  ])('of %j answered: %j', (values, nonces) => {
    expect(chooseChallenges(values).map((challenge) => challenge.nonce)).toEqual(nonces);
  });
});

/** Field of a header such as Authorization. */
const field = (value: string, name: string): string => new RegExp(`(?:^|[ ,])${name}="?([^",]*)`).exec(value)?.[1] ?? '';

describe('digests', () => {
  it('agree with the example of RFC 2617 §3.5 where the client nonce plays no part', () => {
    // The same account and request without quality: computed from the RFC's HA1 and HA2.
    const session = new DigestSession(only('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'), {
      username: 'Mufasa',
      password: 'Circle Of Life',
    });
    const value = session.authorize({ method: 'GET', uri: '/dir/index.html', body: '' });
    expect(field(value, 'response')).toBe('670fd8c2df070c60b045671b8b24ff02');
  });

  it.each([
    ['MD5', 'auth'],
    ['MD5-sess', 'auth'],
    ['SHA-256', 'auth'],
    ['SHA-256-sess', 'auth-int'],
    ['SHA-512-256', 'auth'],
  ])('count the uses of the nonce: %s, %s', (algorithm, qop) => {
    const session = new DigestSession(only(`Digest realm="r", nonce="n", qop="${qop}", algorithm=${algorithm}, opaque="x y"`), {
      username: 'a "b"',
      password: 'p',
    });
    const request = { method: 'REGISTER', uri: 'sip:r', body: '' };
    const first = session.authorize(request);
    const second = session.authorize(request);
    expect([field(first, 'nc'), field(second, 'nc')]).toEqual(['00000001', '00000002']);
    expect(field(first, 'response')).not.toBe(field(second, 'response'));
    expect(field(first, 'algorithm')).toBe(algorithm);
    expect(first).toContain('username="a \\"b\\""');
    expect(first).toContain('opaque="x y"');
    expect(first).toContain(`qop=${qop}`);
  });
});
