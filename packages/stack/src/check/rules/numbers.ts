import type { Plan } from '../../plan/plan.js';
import type { Check } from '../check.js';
import { type Alert, readRules } from '../metrics/rule-files.js';

/** A number of the stack file that alerts repeat, since no series has it. */
interface Repeated {
  readonly id: string;
  readonly holds: string;
  /** Its first group is the number. */
  readonly where: RegExp;
  /** What is wrong with a number, and what to write; undefined where it fits. */
  readonly judge: (number: number, plan: Plan) => { readonly message: string; readonly fix: string } | undefined;
}

/** `count(up{job="network-telemetry"} == 1)` */
const COLLECTORS_UP = String.raw`count\s*\(\s*up\{[^}]*network-telemetry[^}]*\}[^)]*\)`;

const differs = (number: number, right: number, what: string, source: string) =>
  number === right
    ? undefined
    : { message: `takes ${number} for ${what}, and ${source} is ${right}`, fix: `write ${right}` };

const REPEATED: readonly Repeated[] = [
  {
    id: 'alert-maximum',
    holds: 'An alert on the most collectors says as many as the stack file.',
    where: new RegExp(String.raw`^\s*${COLLECTORS_UP}\s*>=?\s*(\d+)\s*$`),
    judge: (number, { stack }) =>
      differs(number, stack.collectors.max, 'the most collectors there may be', 'collectors.max'),
  },
  {
    id: 'alert-minimum',
    holds: 'An alert on too few collectors stays silent at the least that the stack file says.',
    where: new RegExp(String.raw`${COLLECTORS_UP}\s*<\s*(\d+)`),
    judge: (number, { stack: { collectors } }) =>
      number <= collectors.min
        ? undefined
        : {
            message: `fires below ${number} collectors, and collectors.min is ${collectors.min}: it fires while all is well`,
            fix: `write < ${collectors.min}`,
          },
  },
  {
    id: 'alert-slots',
    holds: 'An alert on the slots of the proxy says as many as it has.',
    where: new RegExp(String.raw`${COLLECTORS_UP}\s*\/\s*(\d+)`),
    judge: (number, { collectors }) =>
      differs(number, collectors.slots, 'the slots of the proxy', 'collectors.max and a rolling update'),
  },
  {
    id: 'alert-spool',
    holds: 'An alert on the log takes the cap that the log has.',
    where: /\bdelivery_log_bytes(?:\{[^}]*\})?(?:\[[^\]]*\],[^)]*\))?\s*\/\s*(\d+)/,
    judge: (number, { stack }) =>
      differs(number, stack.collectors.spool.maxBytes, 'the cap of the log', 'collectors.spool.maxBytes'),
  },
];

const toCheck = ({ id, holds, where, judge }: Repeated): Check => ({
  id,
  holds,
  run: (artifacts) => {
    const { plan } = artifacts;
    if (plan === undefined) return [];
    return readRules(artifacts).alerts.flatMap(({ name, text, document, path }: Alert) => {
      const [, number] = where.exec(text) ?? [];
      const wrong = number === undefined ? undefined : judge(Number(number), plan);
      if (wrong === undefined) return [];
      const line = document.lineOf([...path, 'expr']);
      return [
        { severity: 'error', file: document.file, line, message: `alert ${name} ${wrong.message}`, fix: wrong.fix },
      ];
    });
  },
});

export const numbersChecks: readonly Check[] = REPEATED.map(toCheck);
