// One connection: handshake, control messages, signs of life. Whoever owns it dials again when it is over.

import type { Bytes } from './bytes.ts';
import { isHopeless } from './errors.ts';
import { decodeFrame, encodeFrame } from './frames.ts';
import { challengePayload, publicBytes, sealingPayload, signed, type Keys } from './identity.ts';
import { Assembly, decodeMessage, encodeMessage } from './messages.ts';
import {
  DIAL_MS, FRAME_BODY_MAX, HANDSHAKE_MS, PING_MS, SILENCE_MS, SUBPROTOCOL, VERSION,
  type AccountId, type Challenge, type Control, type Refusal, type ServerIdentity, type Welcome,
} from './protocol.ts';
import { Streams } from './streams.ts';

/** What a link is made of. */
export interface Dial {
  url: string;
  /** Shown to a node of this machine. */
  token?: string | undefined;
  keys: Keys;
  deviceId: string;
  name: string;
  /** Whether the server may be signed for; throws why not. */
  expects: (server: ServerIdentity) => void;
  /** What the link is for: to be linked, or to become a registered device. */
  code?: string;
}

export interface LinkOwner {
  up(welcome: Welcome, server: ServerIdentity): void;
  paired?(account: AccountId, server: ServerIdentity): void;
  control(message: Control): void;
  /** Said once, and last. */
  down(end: LinkEnd): void;
}

/** Why a link is over. */
export interface LinkEnd {
  why: string;
  /** What the other end said, if it said anything. */
  refusal: Refusal | null;
  /** Whether dialing again cannot mend it. */
  isHopeless: boolean;
}

function tag(message: Control): string {
  return typeof message === 'string' ? message : Object.keys(message)[0]!;
}

export class Link {
  readonly #dial: Dial;
  readonly #owner: LinkOwner;
  readonly #socket: WebSocket;
  readonly #control = new Assembly();
  readonly streams: Streams;
  #phase: 'shaking' | 'up' | 'down' = 'shaking';
  #server: ServerIdentity | null = null;
  #deadline: ReturnType<typeof setTimeout>;
  #pulse: ReturnType<typeof setInterval> | undefined;
  #heard = 0;
  #said = 0;
  #pings = 0;
  /** Frames of the handshake are handled one after the other: signing takes its time. */
  #turn: Promise<void> = Promise.resolve();

  constructor(dial: Dial, owner: LinkOwner) {
    this.#dial = dial;
    this.#owner = owner;
    const url = new URL(dial.url);
    if (dial.token) url.searchParams.set('token', dial.token);
    this.#socket = new WebSocket(url, SUBPROTOCOL);
    this.#socket.binaryType = 'arraybuffer';
    this.streams = new Streams((frame) => this.#transmit(frame));
    this.#deadline = setTimeout(() => this.#end('nobody answered in time'), DIAL_MS);
    this.#socket.onopen = () => {
      clearTimeout(this.#deadline);
      this.#deadline = setTimeout(() => this.#end('the handshake took too long'), HANDSHAKE_MS);
    };
    this.#socket.onmessage = ({ data }) => this.#received(data as ArrayBuffer);
    this.#socket.onclose = ({ reason }) => this.#end(reason || 'the connection was closed');
    this.#socket.onerror = () => this.#end('cannot be reached');
  }

  get isUp(): boolean {
    return this.#phase === 'up';
  }

  say(message: Control): void {
    const bytes = encodeMessage(message);
    for (let at = 0; at < bytes.length; at += FRAME_BODY_MAX) {
      const end = Math.min(at + FRAME_BODY_MAX, bytes.length);
      this.#transmit(encodeFrame(0, 'data', bytes.subarray(at, end), end < bytes.length));
    }
  }

  close(): void {
    if (this.#phase === 'up') this.say({ Goodbye: { code: 'Draining', detail: 'the page is closed' } });
    this.#end('closed from this end');
  }

  #transmit(frame: Bytes): void {
    if (this.#phase === 'down' || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#said = Date.now();
    this.#socket.send(frame);
  }

  #received(data: ArrayBuffer): void {
    const frame = decodeFrame(data);
    this.#heard = Date.now();
    if (!frame) return this.#end('what came is not a frame');
    if (frame.stream !== 0) {
      if (this.#phase === 'up') this.streams.received(frame);
      return;
    }
    const whole = frame.kind === 'data' ? this.#control.push(frame.body, frame.more) : null;
    if (whole === 'too large') return this.#end('a control message is over the limit');
    if (whole === null) return;
    const message = decodeMessage<Control>(whole);
    if (this.#phase === 'up') return this.#told(message);
    const handled = this.#turn.then(() => this.#greeted(message));
    this.#turn = handled.catch((error: unknown) => this.#end(error instanceof Error ? error.message : String(error), null, true));
  }

  /** A control message of a link that is up. */
  #told(message: Control): void {
    if (typeof message === 'string') return;
    if ('Ping' in message) return this.say({ Pong: message.Ping });
    if ('Pong' in message) return;
    if ('Goodbye' in message) return this.#end(message.Goodbye.detail, message.Goodbye);
    this.#owner.control(message);
  }

  async #greeted(message: Control): Promise<void> {
    if (this.#phase === 'up') return this.#told(message); // it came while this end was signing
    if (this.#phase === 'down' || typeof message === 'string') return;
    if ('Goodbye' in message) return this.#end(message.Goodbye.detail, message.Goodbye);
    if ('Challenge' in message) return this.#answer(message.Challenge);
    if ('Welcome' in message && this.#server) return this.#up(message.Welcome, this.#server);
    if ('Paired' in message && this.#server) {
      this.#owner.paired?.(message.Paired.account, this.#server);
      return this.#end('paired');
    }
    this.#end(`${tag(message)} has no place here in the handshake`);
  }

  /** Signs for the server that is expected, and for no other. */
  async #answer(challenge: Challenge): Promise<void> {
    const { keys, deviceId, name, code, expects } = this.#dial;
    expects(challenge.server);
    this.#server = challenge.server;
    const proof = await signed(keys, challengePayload(challenge.nonce, deviceId, challenge.server));
    const key = await publicBytes(keys.key);
    if (code !== undefined) return this.say({ Pair: { code, key, name, proof } });
    const sealing_key = await publicBytes(keys.sealing);
    const sealing_signature = await signed(keys, sealingPayload(sealing_key));
    this.say({ Register: { key, sealing_key, sealing_signature, name, os: 'browser', version: VERSION, node: null, proof } });
  }

  #up(welcome: Welcome, server: ServerIdentity): void {
    clearTimeout(this.#deadline);
    this.#phase = 'up';
    this.#pulse = setInterval(() => this.#beat(), PING_MS / 4);
    this.#owner.up(welcome, server);
  }

  #beat(): void {
    const now = Date.now();
    if (now - this.#heard >= SILENCE_MS) return this.#end('the other end fell silent');
    if (now - this.#said >= PING_MS) this.say({ Ping: { token: ++this.#pings } });
  }

  #end(why: string, refusal: Refusal | null = null, hopeless = refusal !== null && isHopeless(refusal.code)): void {
    if (this.#phase === 'down') return;
    this.#phase = 'down';
    clearTimeout(this.#deadline);
    clearInterval(this.#pulse);
    this.#socket.close();
    this.streams.end({ code: 'OwnerUnreachable', detail: 'the link is gone' });
    this.#owner.down({ why, refusal, isHopeless: hopeless });
  }
}
