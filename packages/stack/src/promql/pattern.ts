/** A pattern as Prometheus reads it: anchored at both ends. Undefined where JavaScript cannot read it. */
function compile(pattern: string): RegExp | undefined {
  const [, flags = '', rest = pattern] = /^\(\?([is]+)\)(.*)$/s.exec(pattern) ?? [];
  const portable = rest.replaceAll('(?P<', '(?<');
  try {
    return new RegExp(`^(?:${portable})$`, `${flags.includes('s') ? flags : `${flags}s`}u`);
  } catch {
    return withoutUnicode(portable, flags);
  }
}

/** RE2 lets more characters be escaped than JavaScript does in its Unicode mode. */
function withoutUnicode(pattern: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, flags.includes('s') ? flags : `${flags}s`);
  } catch {
    return undefined;
  }
}

export const isPattern = (pattern: string): boolean => compile(pattern) !== undefined;

/** Whether a pattern matches the whole of a value. */
export const matchesPattern = (pattern: string, value: string): boolean => compile(pattern)?.test(value) ?? true;

/** What `a|b|c` stands for; undefined for a pattern that is more than a list of words. */
export function wordsOf(pattern: string): readonly string[] | undefined {
  const bare = /^\((?:\?:)?([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  const words = bare.split('|');
  if (!words.every((word) => /^(?:[\w\-/:@ ]|\\[.\-/+])*$/.test(word))) return undefined;
  return words.map((word) => word.replaceAll('\\', ''));
}
