import type { Command } from './command.js';
import { check } from './commands/check.js';
import { doctor } from './commands/doctor.js';
import { generate } from './commands/generate.js';
import { init } from './commands/init.js';
import { reconcileCommand } from './commands/reconcile.js';
import { spoolCat } from './commands/spool-cat.js';
import { spoolExport } from './commands/spool-export.js';
import { spoolLs } from './commands/spool-ls.js';
import { spoolRelease } from './commands/spool-release.js';
import { spoolReplay } from './commands/spool-replay.js';
import { spoolVerify } from './commands/spool-verify.js';

/** In the order of the help. */
export const commands: readonly Command[] = [
  init,
  generate,
  check,
  doctor,
  spoolLs,
  spoolVerify,
  spoolCat,
  spoolExport,
  spoolReplay,
  spoolRelease,
  reconcileCommand,
];
