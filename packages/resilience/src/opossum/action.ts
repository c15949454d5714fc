import { ConfigError } from '../core/errors.js';
import { type OpossumCall, Visit } from './visit.js';

/** The action of a breaker that is to be a policy: it runs what the policy hands it. `new Opossum(opossumAction, options)` */
export function opossumAction(call: OpossumCall): Promise<unknown> {
  if (call instanceof Visit) return call.run();
  throw new ConfigError(
    'a breaker made with opossumAction was fired by hand; execute operations through fromOpossum(breaker)',
  );
}
