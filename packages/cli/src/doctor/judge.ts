import type { z } from 'zod';
import type { Reply } from './ask.js';
import { parseJson } from './parse-json.js';
import { words } from './some.js';
import { unhealthy, type Verdict } from './verdict.js';

/** Where something was asked, and what to do when it does not answer as it should. */
export interface Question {
  readonly what: string;
  readonly url: string;
  readonly advice: string;
}

/** Judges the text of a 200; anything else is unhealthy. */
export function judgeText(
  { what, url, advice }: Question,
  reply: Reply,
  judge: (text: string) => readonly Verdict[],
): readonly Verdict[] {
  if ('silence' in reply) return [unhealthy(what, `${url}: ${reply.silence}`, advice)];
  if (reply.status !== 200) return [unhealthy(what, `${url} answers ${reply.status}: ${said(reply.text)}`, advice)];
  return judge(reply.text);
}

/** The same for JSON of a known form. */
export function judgeJson<T>(
  question: Question,
  reply: Reply,
  form: z.ZodType<T>,
  judge: (page: T) => readonly Verdict[],
): readonly Verdict[] {
  return judgeText(question, reply, (text) => {
    const page = form.safeParse(parseJson(text));
    if (page.success) return judge(page.data);
    const advice = `look who listens there; ${question.advice}`;
    return [unhealthy(question.what, `${question.url} answers something else: ${said(text)}`, advice)];
  });
}

/** The message of an error as our services tell it, else the beginning of the text. */
export function said(text: string): string {
  const page = parseJson(text) as { readonly error?: { readonly message?: unknown } } | null | undefined;
  const message = page?.error?.message;
  return words(typeof message === 'string' ? message : text) || 'nothing';
}
