/**
 * Whether `text` matches `pattern`, in which `*` stands for any run of characters. Time is at most the product of both
 * lengths, whatever the pattern (a regular expression with many stars may take the power of one by the other).
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (pattern[next] === '*') {
      star = next++;
      resume = at;
    } else if (pattern[next] === text[at]) {
      next++;
      at++;
    } else if (star !== -1) {
      // The last star takes one character more; earlier stars need never be tried again.
      next = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[next] === '*') next++;
  return next === pattern.length;
}
