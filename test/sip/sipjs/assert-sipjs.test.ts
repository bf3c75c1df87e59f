import { Dialog, SessionDialog, Timers, UserAgentClient } from 'sip.js/lib/core/index.js';
import { describe, expect, it } from 'vitest';
import { BasculeError } from '../../../src/core/kernel/errors.ts';
import { assertSipJs } from '../../../src/adapters/sip/sipjs/assert-sipjs.ts';

/** Runs with one member of sip.js taken away, as another version might. */
function without(owner: object, member: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(owner, member) as PropertyDescriptor;
  Reflect.deleteProperty(owner, member);
  try {
    assertSipJs();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    Object.defineProperty(owner, member, descriptor);
  }
}

describe('the check of sip.js at start', () => {
  it('passes for the version that is installed', () => {
    expect(() => assertSipJs()).not.toThrow();
  });

  it.each([
    ['UserAgentClient.authenticationGuard', UserAgentClient.prototype, 'authenticationGuard'],
    ['Dialog.sequenceGuard', Dialog.prototype, 'sequenceGuard'],
    ['SessionDialog.signalingStateRollback', SessionDialog.prototype, 'signalingStateRollback'],
    ['Timers.TIMER_D', Timers, 'TIMER_D'],
  ])('misses %s', (name, owner, member) => {
    const error = without(owner, member);
    expect(error).toBeInstanceOf(BasculeError);
    expect(error).toMatchObject({ code: 'SIP_LIBRARY', fields: { member: name } });
  });

  it('misses a field that a living dialog no longer has', () => {
    const transition = SessionDialog.prototype.signalingStateTransition;
    SessionDialog.prototype.signalingStateTransition = function (this: SessionDialog, message) {
      transition.call(this, message);
      Reflect.deleteProperty(this, '_answer');
    };
    try {
      expect(() => assertSipJs()).toThrow(/dialog\._answer/);
    } finally {
      SessionDialog.prototype.signalingStateTransition = transition;
    }
  });
});
