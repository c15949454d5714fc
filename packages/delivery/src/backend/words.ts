const LONGEST = 200;
/** Shorter secrets are parts of ordinary words. */
const SHORTEST_SECRET = 4;

/** Texts that must never be shown: the token as it is, as Basic authentication sends it, and the password in it. */
export function secretsIn(token: string): readonly string[] {
  const password = token.slice(token.indexOf(':') + 1);
  const secrets = [token, Buffer.from(token).toString('base64'), password];
  return secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
}

/** What somebody else said, as one short line without control characters and without our secrets. */
export function shortLine(text: string, secrets: readonly string[]): string {
  let line = text;
  for (const secret of secrets) line = line.replaceAll(secret, '[secret]');
  line = line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const cut = line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
  return cut.replace(/\p{Cs}/gu, '');
}

/** The message within an answer: `{"error": …}` of 1.x, `{"message": …}` of 2.x, or the text itself. */
export function messageOf(contentType: string, body: string): string {
  if (isHtml(contentType)) return 'an HTML page';
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    const words = message ?? error;
    return typeof words === 'string' ? words : body;
  } catch {
    // No JSON, or only the beginning of it.
    return body.replace(/^\s*\{\s*"error"\s*:\s*"/, '');
  }
}

export const isHtml = (contentType: string): boolean => /^\s*(?:text\/html|application\/xhtml)/i.test(contentType);
