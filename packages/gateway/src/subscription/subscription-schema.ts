import { keyBounds, subscriptionFormats } from '@wxthirdparty/platform';
import { z } from 'zod';
import { PageQuery } from '../contract/page.ts';
import { ReplyAnswer, ReplyInput } from '../contract/reply.ts';
import { time } from '../contract/time.ts';

const MAX_TYPES = 200;
const MAX_ACCOUNTS = 1_000;
const MAX_OPENIDS = 100;
const MAX_FIELDS = 10;
const MAX_FIELD_VALUES = 100;
/** The longest EventKey of WeChat has 1 kB. */
const MAX_FIELD_VALUE_LENGTH = 1_024;
const MAX_URL_LENGTH = 2_048;
const DAY_MS = 24 * 60 * 60_000;
/** The greatest retention that can be set. */
const MAX_GIVE_UP_AFTER_MS = 30 * DAY_MS;

const state = z.enum(['active', 'failing', 'paused']);
const format = z.enum(subscriptionFormats);
const mode = z.enum(['safe', 'plain']);
const late = z.enum(['customer_message']);

const appid = z.string().regex(keyBounds.account, 'an appid');
const fieldValue = z.string().max(MAX_FIELD_VALUE_LENGTH);
const prefix = z.strictObject({ prefix: fieldValue });

const Filter = z
  .strictObject({
    types: z
      .array(z.string().regex(/^(?=.{1,80}$)[a-z0-9_.]*\*?$/, 'a type like message.text, or a prefix like message.*'))
      .min(1)
      .max(MAX_TYPES)
      .meta({ description: 'exact, or a prefix with `*` at its end; `unreadable` must be named' }),
    accounts: z.array(appid).min(1).max(MAX_ACCOUNTS),
    handles: z.array(z.string().min(1).max(128)).min(1).max(MAX_ACCOUNTS),
    components: z.array(appid).min(1).max(MAX_ACCOUNTS),
    openids: z.array(z.string().min(1).max(128)).min(1).max(MAX_OPENIDS),
    where: z
      .record(
        z.string().regex(/^[A-Za-z_][\w.-]{0,127}$/, 'the name of a field'),
        z.union([fieldValue, z.array(fieldValue).min(1).max(MAX_FIELD_VALUES), prefix]),
      )
      .refine((where) => Object.keys(where).length <= MAX_FIELDS, `at most ${MAX_FIELDS} fields`)
      .meta({ description: 'top-level text fields: equal, one of, or with a prefix; case-sensitive' }),
  })
  .partial()
  .meta({ id: 'SubscriptionFilter', description: 'Which pushes are delivered. All given parts must hold.' });

const replyBounds = {
  waitMs: z.int().min(500).max(4_500).default(4_000).meta({ description: 'how long WeChat waits for a passive reply' }),
  late: late.nullable().default('customer_message').meta({ description: 'how a later reply is sent; null: it is not' }),
  maxInFlight: z.int().min(1).max(1_000).default(100).meta({ description: 'open requests for each gateway' }),
};

const ReplyTermsInput = z
  .strictObject({
    ...replyBounds,
    fallback: ReplyInput.nullable().default(null).meta({ description: 'the passive reply to a message if none came' }),
  })
  .meta({ id: 'ReplyTerms' });

const url = z
  .string()
  .max(MAX_URL_LENGTH)
  .meta({ description: 'path and query may contain `$APPID$`, which the account’s appid replaces' });

/** What can be changed later, without defaults. */
const changeable = {
  name: z.string().regex(keyBounds.name, '1 to 100 characters'),
  url,
  messageUrl: url.nullable().meta({ description: 'only in the format `wechat-component`: for messages and events' }),
  mode: mode.nullable().meta({ description: 'only in the format `wechat`' }),
  filter: Filter,
  reply: ReplyTermsInput.nullable().meta({ description: 'null: answers are no replies' }),
  maxInFlight: z.int().min(1).max(100),
  timeoutMs: z.int().min(1_000).max(60_000),
  giveUpAfterMs: z
    .int()
    .min(60_000)
    .max(MAX_GIVE_UP_AFTER_MS)
    .nullable()
    .meta({ description: 'at most the retention; null: the smaller of 3 days and the retention' }),
};

/** The body of `POST /v1/subscriptions`. */
export const SubscriptionBody = z
  .strictObject({
    name: changeable.name,
    url: changeable.url,
    format: format.default('json'),
    messageUrl: changeable.messageUrl.optional(),
    mode: changeable.mode.optional(),
    component: appid.nullable().optional().meta({ description: 'only in the format `wechat-component`' }),
    token: z
      .string()
      .regex(/^[A-Za-z0-9]{3,32}$/, '3 to 32 letters and digits')
      .nullable()
      .default(null)
      .meta({ description: 'only in the formats of WeChat; null: we make it' }),
    encodingAesKey: z
      .string()
      .regex(/^[A-Za-z0-9]{43}$/, '43 letters and digits')
      .nullable()
      .default(null)
      .meta({ description: 'only in the formats of WeChat; null: we make it' }),
    filter: changeable.filter.default({}),
    reply: changeable.reply.optional(),
    maxInFlight: changeable.maxInFlight.default(10),
    timeoutMs: changeable.timeoutMs.default(15_000),
    giveUpAfterMs: changeable.giveUpAfterMs.default(null),
  })
  .meta({ id: 'SubscriptionInput' });

/** The body of `PATCH /v1/subscriptions/:id`. */
export const SubscriptionChangeBody = z.strictObject(changeable).partial().meta({ id: 'SubscriptionChange' });

/** The body of `POST /v1/subscriptions/:id/rotate-secret`. */
export const RotationBody = z.strictObject({
  overlapMs: z
    .int()
    .min(0)
    .max(7 * DAY_MS)
    .default(DAY_MS)
    .meta({ description: 'how long the former signing secret stays valid' }),
});

export const SubscriptionListQuery = PageQuery.extend({
  state: state.optional(),
  appid: z.string().optional().meta({ description: 'only those that can receive pushes of this account' }),
  handle: z.string().optional().meta({ description: 'the same, by the account’s handle' }),
});

const failure = { code: z.string(), status: z.int().nullable(), at: time };

export const SubscriptionAnswer = z
  .object({
    id: z.string(),
    name: z.string(),
    url: z.string().meta({ description: 'without the scope `pushes:write` only its origin' }),
    messageUrl: z.string().nullable(),
    format,
    mode: mode.nullable(),
    component: z.string().nullable(),
    filter: z.object({
      types: z.array(z.string()).readonly().optional(),
      accounts: z.array(z.string()).readonly().optional(),
      handles: z.array(z.string()).readonly().optional(),
      components: z.array(z.string()).readonly().optional(),
      openids: z.array(z.string()).readonly().optional(),
      where: z
        .record(z.string(), z.union([z.string(), z.array(z.string()).readonly(), z.object({ prefix: z.string() })]))
        .readonly()
        .optional(),
    }),
    reply: z
      .object({
        waitMs: z.int(),
        late: late.nullable(),
        fallback: ReplyAnswer.nullable(),
        maxInFlight: z.int(),
      })
      .nullable(),
    maxInFlight: z.int(),
    timeoutMs: z.int(),
    giveUpAfterMs: z.int().nullable(),
    state,
    reason: z.enum(['manual', 'gone', 'failing_too_long']).nullable().meta({ description: 'why it is paused' }),
    failingSince: time.nullable(),
    lastSuccessAt: time.nullable(),
    behindSince: time.nullable().meta({ description: 'since when deliveries may be missing' }),
    nextAttemptAt: time
      .nullable()
      .meta({ description: 'while it is failing or its receiver asks for silence: when the next delivery is tried' }),
    backlog: z.object({
      pending: z.int(),
      atLeast: z.boolean().meta({ description: 'there are more, which were not counted' }),
      oldestAt: time.nullable(),
    }),
    lastFailure: z.object(failure).nullable(),
    lastTicket: z
      .object({ at: time, status: z.int().nullable(), code: z.string().nullable() })
      .nullable()
      .meta({ description: 'of the format `wechat-component`' }),
    createdBy: z.string().meta({ description: 'the id of the key' }),
    createdByName: z
      .string()
      .nullable()
      .meta({ description: 'the name of the key, also if it was revoked; null: no key' }),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Subscription' });

/** Shown once. */
export const SecretsAnswer = z
  .object({
    secret: z.string().meta({ description: 'of Standard Webhooks, `whsec_…`; shown only this once' }),
    token: z.string().optional().meta({ description: 'in the formats of WeChat' }),
    encodingAesKey: z.string().optional().meta({ description: 'in the formats of WeChat' }),
  })
  .meta({ id: 'SubscriptionSecrets' });

export const NewSubscriptionAnswer = SubscriptionAnswer.extend(SecretsAnswer.shape).meta({ id: 'NewSubscription' });
