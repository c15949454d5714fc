import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError, type Environment } from '@breakwater/resilience';

/** Text; undefined where the variable is unset or empty. */
export function readText(env: Environment, name: string): string | undefined {
  const text = env[name];
  return text === undefined || text === '' ? undefined : text;
}

/**
 * A secret.
 * @throws ConfigError that does not show it: a line end, for one, is not part of a token but of the file it came from.
 */
export function readSecret(env: Environment, name: string, minLength = 1): string | undefined {
  const secret = readText(env, name);
  if (secret === undefined) return undefined;
  if (!/^[\x21-\x7e]+$/.test(secret)) {
    throw new ConfigError(
      `${name} (not shown) holds a blank, a line end or a character beyond ASCII; it must hold none`,
    );
  }
  if (secret.length < minLength) {
    throw new ConfigError(`${name} (not shown) has ${secret.length} characters; it must have at least ${minLength}`);
  }
  return secret;
}

/** @throws ConfigError naming the variable, its value and the choices. */
export function readChoice<const T extends string>(
  env: Environment,
  name: string,
  choices: readonly T[],
  standard: NoInfer<T>,
): T {
  const text = readText(env, name);
  if (text === undefined) return standard;
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw new ConfigError(`${name} is ${JSON.stringify(text.slice(0, 40))}; it must be one of ${choices.join(', ')}`);
}

/**
 * The root certificate in the file that a variable names; undefined where it names none.
 * @throws ConfigError for a file that cannot be read, or that holds none: it would be taken for an empty list.
 */
export function readRoot(env: Environment, name: string): string | undefined {
  const file = readText(env, name);
  if (file === undefined) return undefined;
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${name}: ${(error as Error).message}`, { cause: error });
  }
  try {
    new X509Certificate(pem);
  } catch (error) {
    throw new ConfigError(`${name}: ${file} holds no certificate in PEM`, { cause: error });
  }
  return pem;
}
