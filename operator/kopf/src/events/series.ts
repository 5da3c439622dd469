/**
 * What was said already, and how often. As in client-go, a second occurrence makes a series of the event, further ones are only
 * counted, and the count is written now and then and when the series ends: two writes and a few more, however often it happens.
 *
 * Unlike client-go the note is part of what makes two events the same. The API lets nobody change the note of an event, so a
 * series over different notes would go on to say what was true the first time ("source changed from A to B") and nothing else.
 * Notes that never repeat are bounded by the bucket of their object.
 */
import type { Clock } from "../clock/clock.js";
import type { ObjectRef } from "../object/kube-object.js";
import type { Regarding } from "./event-object.js";
import type { EventToRecord } from "./event-recorder.js";

export interface Series {
  readonly regarding: Regarding;
  readonly event: EventToRecord;
  readonly firstAt: Date;
  /** Undefined: not written yet. */
  ref: ObjectRef | undefined;
  count: number;
  writtenCount: number;
  /** Monotonic milliseconds. */
  seenAt: number;
  writtenAt: number;
  lastAt: Date;
  /** Waits to be written. */
  queued: boolean;
}

export interface SeriesBook {
  /** One more occurrence; undefined: the first in a while. */
  count(regarding: Regarding, event: EventToRecord): Series | undefined;
  open(regarding: Regarding, event: EventToRecord): Series;
  /** Ends what fell silent; returns those whose count has to be written. */
  sweep(): Series[];
  /** All whose count has not been written. */
  unwritten(): Series[];
  readonly size: number;
}

/** Without another occurrence for so long a series is over, and the next occurrence is a new event. */
const silenceMs = 360_000;
/** So often the count of one that goes on is written, and the API server keeps it from expiring. */
const refreshMs = 1_800_000;
const mostSeries = 4096;

export function createSeriesBook(clock: Clock): SeriesBook {
  /** The least recently opened first. */
  const byKey = new Map<string, Series>();
  const hasNews = (series: Series): boolean => series.count > series.writtenCount;

  return {
    count(regarding, event) {
      const series = byKey.get(keyOfSeries(regarding, event));
      if (series === undefined || clock.now() - series.seenAt >= silenceMs) return undefined;
      series.count++;
      series.seenAt = clock.now();
      series.lastAt = clock.date();
      return series;
    },
    open(regarding, event) {
      const key = keyOfSeries(regarding, event);
      const [now, date] = [clock.now(), clock.date()];
      const series: Series = {
        regarding,
        event,
        firstAt: date,
        ref: undefined,
        count: 1,
        writtenCount: 0,
        seenAt: now,
        writtenAt: now,
        lastAt: date,
        queued: false,
      };
      byKey.delete(key);
      byKey.set(key, series);
      for (const oldest of byKey.keys()) {
        if (byKey.size <= mostSeries) break;
        byKey.delete(oldest);
      }
      return series;
    },
    sweep() {
      const now = clock.now();
      const due: Series[] = [];
      for (const [key, series] of byKey) {
        const over = now - series.seenAt >= silenceMs;
        if (over) byKey.delete(key);
        if (hasNews(series) && (over || now - series.writtenAt >= refreshMs)) due.push(series);
      }
      return due;
    },
    unwritten: () => [...byKey.values()].filter(hasNews),
    get size() {
      return byKey.size;
    },
  };
}

function keyOfSeries({ kind, name, namespace, uid }: Regarding, { action, note, reason, type }: EventToRecord): string {
  return JSON.stringify([uid ?? [kind, namespace, name], type, reason, action, note]);
}
