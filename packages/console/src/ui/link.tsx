import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';
import button from './button.module.css';

type Anchor = AnchorHTMLAttributes<HTMLAnchorElement> & { readonly ref?: Ref<HTMLAnchorElement> };

/** A link to another screen. Its target and filters are typed by the routes. */
export const Link = createLink((props: Anchor) => <a {...props} />);

/** A link that is as important as a button. */
export const ButtonLink = createLink((props: Anchor) => <a {...props} className={button.button} />);

export const PrimaryButtonLink = createLink((props: Anchor) => (
  <a {...props} className={`${button.button} ${button.primary}`} />
));
