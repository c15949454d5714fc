import type { Plan } from '../../plan/plan.js';
import { redisStartScript } from '../redis/start-script.js';
import { HEADING, type RenderedFile } from '../rendered-file.js';
import { renderTemplate } from '../template.js';
import { yamlText } from '../yaml-text.js';
import { development } from './development.js';
import { production } from './production.js';

/** What docker-compose needs: the stack, a small one for development, and what both mount or read. */
export function renderCompose(plan: Plan): RenderedFile[] {
  return [
    { path: 'docker-compose.ha.yml', text: yamlText([production(plan)]) },
    { path: 'docker-compose.yml', text: yamlText([development(plan)]) },
    { path: 'deploy/redis/start.sh', text: HEADING + redisStartScript(plan) },
    {
      path: '.env.example',
      text: renderTemplate('env.example.hbs', { heading: HEADING.trimEnd(), secrets: plan.secrets }),
    },
  ];
}
