import { posix } from 'node:path';
import type { Check } from '../check.js';
import { composeCheck } from './project.js';

const targetsFile = composeCheck(
  'compose-targets-file',
  'The targets file that collectors read is the one of the stack file',
  (project, { plan }) =>
    plan === undefined
      ? []
      : project.collectors.flatMap((service) => {
          const { targets } = plan.stack.collectors;
          const variable = service.variables.find(({ name }) => name === 'TARGETS_FILE');
          const inside = String(variable?.value);
          const mount = service.mounts.find(({ target }) => inside.startsWith(`${target}/`));
          if (variable === undefined || mount?.source === undefined || !/^[./~]/.test(mount.source)) return [];
          const outside = posix.join(mount.source, inside.slice(mount.target.length));
          if (outside === targets) return [];
          const message = `TARGETS_FILE ${inside} is ${outside} here, and collectors.targets of the stack file is ${targets}`;
          const fix = `write ${posix.join(mount.target, posix.relative(mount.source, targets))}, or change collectors.targets`;
          return [service.found(variable.path, message, fix)];
        }),
);

export const targetsChecks: readonly Check[] = [targetsFile];
