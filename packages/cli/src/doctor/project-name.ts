import { basename } from 'node:path';

/** What docker-compose calls the project of a folder, where COMPOSE_PROJECT_NAME does not say otherwise. */
export const projectName = (folder: string, env: Readonly<Record<string, string | undefined>>): string =>
  env['COMPOSE_PROJECT_NAME'] ||
  basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
