import { Refusal } from '../refusal.ts';
import { type ApiTable, bodyOf, listOf, OK } from './api.ts';

const SETS = [15];

/** The menu of an official account; dossier §4.3. */
export const MENU_APIS: ApiTable = {
  '/cgi-bin/menu/create': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ asked, account }) {
      const buttons = listOf(bodyOf(asked), 'button');
      if (buttons.length < 1 || buttons.length > 3) throw new Refusal(40035);
      account.menu = { button: buttons };
      return { json: OK };
    },
  },

  '/cgi-bin/menu/get': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ account }) {
      if (account.menu === null) throw new Refusal(46003);
      return { json: { menu: account.menu } };
    },
  },

  '/cgi-bin/menu/delete': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ account }) {
      account.menu = null;
      return { json: OK };
    },
  },
};
