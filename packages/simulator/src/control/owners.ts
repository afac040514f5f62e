import type { Account } from '../account.ts';
import type { Component } from '../component.ts';
import type { World } from '../world.ts';
import { BadInput, type Body, optionalText, text } from './input.ts';

/** The component in the body; optional if there is only one. */
export function componentOf(world: World, body: Body): Component {
  const appid = optionalText(body, 'component');
  if (appid === undefined && world.components.size === 1) return [...world.components.values()][0]!;
  if (appid === undefined) throw new BadInput('component is required because there are several');
  const component = world.components.get(appid);
  if (component === undefined) throw new BadInput(`component ${appid} is unknown`);
  return component;
}

export function accountOf(world: World, body: Body): Account {
  const appid = text(body, 'appid');
  const account = world.accounts.get(appid);
  if (account === undefined) throw new BadInput(`account ${appid} is unknown`);
  return account;
}
