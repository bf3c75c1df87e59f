import { Logger, LoggerFactory } from 'sip.js/lib/core/index.js';

class SilentLogger extends Logger {
  override error(): void {}
  override warn(): void {}
  override log(): void {}
  override debug(): void {}
}

/**
 * sip.js logs whole messages when one cannot be sent, and URIs elsewhere: numbers of callers do not belong in a log.
 * One logger for all also saves the object that sip.js makes for every transaction.
 */
export class SilentLoggerFactory extends LoggerFactory {
  private readonly silent: Logger;
  /** Where errors go that come up in sip.js's timers; the factory is what every transaction of a core knows. */
  readonly report: (error: unknown) => void;

  constructor(report: (error: unknown) => void = () => {}) {
    super();
    this.report = report;
    this.builtinEnabled = false;
    this.silent = new SilentLogger(this, 'sip', '');
  }

  // The constructor of the base class asks for one before the field exists; nobody uses that one.
  override getLogger(): Logger {
    return this.silent ?? new SilentLogger(this, 'sip', '');
  }
}
