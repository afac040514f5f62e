import { ROBOT_KINDS } from '../robot.ts';
import type { ControlRoute } from './control-route.ts';
import { oneOf, optionalFlag, optionalText, rejectUnknown, text } from './input.ts';

/** The routes with which a test reads and changes robots. */
export const ROBOT_ROUTES: Record<string, ControlRoute> = {
  'GET /_control/robots': (world) => ({
    robots: world.robots.all().map(({ kind, id, messages, refused }) => ({ kind, id, messages, refused })),
  }),

  'POST /_control/robot': (world, body) => {
    rejectUnknown(body, 'kind', 'id', 'secret', 'down');
    const robot = world.robots.of(oneOf(body, 'kind', ROBOT_KINDS), text(body, 'id'));
    robot.secret = optionalText(body, 'secret') ?? robot.secret;
    robot.down = optionalFlag(body, 'down') ?? robot.down;
    return { kind: robot.kind, id: robot.id, down: robot.down };
  },
};
