const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 8 101',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=sendrecv',
  '',
].join('\r\n');

/** Joins header lines and a body, with the Content-Length that belongs to it. */
export const compose = (lines: readonly string[], body = ''): string =>
  `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** An INVITE as an Asterisk behind a proxy sends it, just under a kilobyte. */
export const INVITE = compose(
  [
    'INVITE sip:service@127.0.0.1:5060;transport=udp SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:5071;rport;branch=z9hG4bK-524287-1',
    'Record-Route: <sip:10.0.0.1;lr;ftag=a1b2>',
    'Max-Forwards: 70',
    'From: "Alice Doe" <sip:+33123456789@ipbx.example.com;user=phone>;tag=f1a2b3',
    'To: <sip:service@127.0.0.1>',
    'Contact: "x" <sip:alice@127.0.0.1:5071;transport=udp>;expires=60',
    'Call-ID: 7a3c9f0e-1@ipbx.example.com',
    'CSeq: 102 INVITE',
    'User-Agent: Asterisk PBX 18.9.0',
    'Date: Sat, 13 Nov 2010 23:29:00 GMT',
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE',
    'Supported: replaces, timer',
    'Session-Expires: 1800;refresher=uac',
    'P-Asserted-Identity: "Alice" <sip:alice@ipbx.example.com>',
    'Diversion: <sip:1@ipbx.example.com>;reason=unconditional',
    'Content-Type: application/sdp',
  ],
  SDP,
);

const common = (method: string): string[] => [
  'From: <sip:a@example.com>;tag=1',
  'To: <sip:b@example.com>;tag=2',
  'Call-ID: x@y',
  `CSeq: 7 ${method}`,
];
const VIA = 'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx';

/** Valid messages that sip.js's own grammar reads, too. */
export const VALID: Readonly<Record<string, string>> = {
  invite: INVITE,
  'bye with routes': compose([
    'BYE sip:b@192.0.2.4 SIP/2.0',
    VIA,
    'Route: <sip:p1.example.com;lr>,<sip:p2.example.com;lr>',
    'Max-Forwards: 70',
    ...common('BYE'),
  ]),
  'several Vias and Record-Routes': compose([
    'INVITE sip:b@192.0.2.4 SIP/2.0',
    VIA,
    'Via: SIP/2.0/TCP proxy.example.com:5061;branch=z9hG4bKy;received=192.0.2.9',
    'Record-Route: <sip:p2.example.com;lr>, <sip:u@p1.example.com:5080;lr;x=y>;z=1',
    'Record-Route: <sip:p0.example.com;lr>',
    'Contact: <sip:a@192.0.2.7>',
    ...common('INVITE'),
  ]),
  'two Contacts': compose([
    'SIP/2.0 200 OK',
    VIA,
    'Contact: <sip:a@192.0.2.7>;expires=30, "B, C" <sip:b@[2001:db8::1]:5070;transport=TCP>;q=0.5;expires=3600',
    ...common('REGISTER'),
  ]),
  'display names': compose([
    'OPTIONS sip:192.0.2.4 SIP/2.0',
    VIA,
    'From: "Zo\u00eb \\"Z\\" M" <sip:z%20m@example.com;user=phone>;tag=1',
    'To: Bob Smith <sip:b@example.com>',
    'Call-ID: x@y',
    'CSeq: 1 OPTIONS',
  ]),
  'bare addresses': compose([
    'SIP/2.0 486 Busy Here',
    VIA,
    'From: sip:a@example.com;tag=1',
    'To: sip:b@example.com:5070;tag=2',
    'Call-ID: x@y',
    'CSeq: 7 INVITE',
  ]),
  'compact forms': [
    'MESSAGE sips:b@example.com SIP/2.0',
    'v: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bKx',
    'f: <sip:a@example.com>;tag=1',
    't: <sip:b@example.com>',
    'i: x@y',
    'CSeq: 7 MESSAGE',
    'm: <sip:a@192.0.2.7>',
    'c: text/plain',
    'l: 5',
    '',
    'hello',
  ].join('\r\n'),
  refer: compose(['REFER sip:b@192.0.2.4 SIP/2.0', VIA, 'Refer-To: "C" <sip:c@example.com;method=INVITE>', ...common('REFER')]),
  challenge: compose([
    'SIP/2.0 401 Unauthorized',
    VIA,
    'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth", algorithm=MD5',
    ...common('REGISTER'),
  ]),
  'empty reason': compose(['SIP/2.0 180 ', VIA, ...common('INVITE')]),
  folded: compose([
    'OPTIONS sip:b@192.0.2.4 SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1:5060\r\n ;branch=z9hG4bKx',
    'Subject: one\r\n two\r\n\tthree',
    ...common('OPTIONS'),
  ]),
};

export { SDP };
