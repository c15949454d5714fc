import { proxyCheck, title } from './proxy-file.js';

const isVariable = (text: string): boolean => /^\$\{?\w+/.test(text);

interface Secret {
  readonly start: readonly string[];
  /** The secret that the words hold; undefined: none. */
  readonly of: (words: readonly string[]) => string | undefined;
}

const header = (words: readonly string[]): string | undefined => {
  const at = words.findIndex((word) => /^(?:authorization|x-api-key|cookie)$/i.test(word));
  const value = at < 0 ? undefined : words[at + 1];
  return value === undefined || /%\[/.test(value) || isVariable(value.replace(/^(?:Bearer|Basic|Token) /, ''))
    ? undefined
    : value;
};

const SECRETS: readonly Secret[] = [
  { start: ['dynamic-cookie-key'], of: (words) => words[1] },
  { start: ['stats', 'auth'], of: (words) => words[2]?.split(':').slice(1).join(':') },
  { start: ['http-check', 'send'], of: header },
  { start: ['http-request', 'set-header'], of: header },
  { start: ['http-request', 'add-header'], of: header },
  {
    start: ['user'],
    of: (words) => (words.includes('insecure-password') ? words[words.indexOf('insecure-password') + 1] : undefined),
  },
];

const secrets = proxyCheck('proxy-secret', 'Secrets come from the environment and stand in no file', (file) =>
  file.config.sections.flatMap(({ kind, lines }) =>
    lines.flatMap(({ words, line }) =>
      SECRETS.filter(
        ({ start }) => (start[0] !== 'user' || kind === 'userlist') && start.every((word, at) => words[at] === word),
      ).flatMap(({ start, of }) => {
        const secret = of(words);
        if (secret === undefined || secret === '' || isVariable(secret)) return [];
        const message = `"${start.join(' ')}" has its secret written out`;
        return [
          file.error(line, message, 'write it as a variable in double quotes, and set that where HAProxy is started'),
        ];
      }),
    ),
  ),
);

const captures = proxyCheck('proxy-log-secret', 'No password or token comes into the log', (file) =>
  file.proxies.flatMap((proxy) =>
    proxy.lines
      .filter(
        ({ words }) =>
          /^(?:capture|declare)$/.test(words[0]!) || (words[0] === 'http-request' && words[1] === 'capture'),
      )
      .filter(({ words }) => /\b(?:authorization|cookie|x-api-key)\b/i.test(words.slice(1).join(' ')))
      .map(({ words, line }) =>
        file.error(
          line,
          `${title(proxy)} logs a secret: "${words.join(' ')}"`,
          'leave it out, or capture another header',
        ),
      ),
  ),
);

export const secretChecks = [secrets, captures];
