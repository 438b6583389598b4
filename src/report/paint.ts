import { styleText } from 'node:util';

export const inks = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;
export type Ink = (typeof inks)[number];

/** Colours text, or returns it as it is when colours are off. */
export type Paint = (ink: Ink, text: string) => string;

export interface ColorStream {
  readonly isTTY?: boolean | undefined;
  hasColors?(): boolean;
}

/** True on a terminal that has colours, unless `NO_COLOR` has any value. */
export function wantsColors(stream: ColorStream, environment: Readonly<Record<string, string | undefined>>): boolean {
  return (environment['NO_COLOR'] ?? '') === '' && stream.isTTY === true && stream.hasColors?.() === true;
}

export function createPaint(stream: ColorStream, environment: Readonly<Record<string, string | undefined>>): Paint {
  if (!wantsColors(stream, environment)) return plainPaint;
  return (ink, text) => styleText(ink, text, { validateStream: false });
}

export const plainPaint: Paint = (_ink, text) => text;
