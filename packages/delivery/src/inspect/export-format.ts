import type { Destination } from '../frames/frame.js';

/**
 * What `export` writes is line protocol with comments; those of this form say where the lines below them go. Other
 * comments are for people.
 */
const PREFIX = '# destination ';

export const destinationComment = ({ org, bucket }: Destination): string =>
  `${PREFIX}${JSON.stringify({ org, bucket })}`;

/** Undefined: the comment is for people. */
export function destinationOf(comment: string): Destination | undefined {
  if (!comment.startsWith(PREFIX)) return undefined;
  try {
    const { org, bucket } = JSON.parse(comment.slice(PREFIX.length)) as { org?: unknown; bucket?: unknown };
    return typeof org === 'string' && typeof bucket === 'string' ? { org, bucket } : undefined;
  } catch {
    return undefined;
  }
}

export const isComment = (line: Uint8Array): boolean => line[0] === 0x23;

/** Words of others as one comment line. */
export const comment = (words: string): string => `# ${words.replace(/\s+/g, ' ').trim()}`;
