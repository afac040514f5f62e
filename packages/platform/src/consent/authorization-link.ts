/** `opened`: a browser is at WeChat with it. A `failed` link may be opened again until it expires. */
export type LinkState = 'pending' | 'opened' | 'authorized' | 'failed' | 'expired';

/** What a merchant is asked for. */
export interface ConsentOptions {
  /** Null: by the browser that opens it. */
  readonly style: 'pc' | 'mobile' | null;
  /** 1 official accounts, 2 mini programs, 3 both, 4 promoters, 5 channels, 6 all, 8 sales assistants. */
  readonly authType: number;
  /** Only this account may consent. */
  readonly bizAppid: string | null;
  readonly categoryIdList: string | null;
  /** Where the browser is sent after the consent; checked by the gateway. */
  readonly returnTo: string | null;
}

/** What a link is made with. A browser without a link may not choose a handle. */
export interface LinkOptions extends ConsentOptions {
  /** For the account that authorizes by it. */
  readonly handle: string | null;
}

/** A link for one consent of one merchant. It can be used once. */
export interface AuthorizationLink extends LinkOptions {
  readonly id: string;
  readonly component: string;
  readonly state: LinkState;
  /** The account that authorized by it. */
  readonly appid: string | null;
  /** Of an `authorized` link: why the account did not get the link's handle. */
  readonly failure: { readonly code: string; readonly message: string } | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly openedAt: Date | null;
  readonly settledAt: Date | null;
}
