import type { Hooks } from './client.ts';

/** Around the methods of all clients of this process. */
export const hooks: Hooks = {
  /** As in the library of 2015: the openids of a page. */
  getFollowers: {
    after(_error, data, callback) {
      callback(null, data?.data?.openid ?? []);
    },
  },
};
