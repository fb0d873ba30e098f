import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { freshener, type LiveMessage, LiveStream, staleNouns } from "./live";

class FakeSource {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: MessageEvent<string>) => void) | null = null;
  onerror: (() => void) | null = null;
  close = vi.fn();

  say(data: unknown): void {
    this.onmessage?.(
      new MessageEvent("message", { data: typeof data === "string" ? data : JSON.stringify(data) }),
    );
  }

  fail(): void {
    this.readyState = 2;
    this.onerror?.();
  }
}

const message = (kind: string): LiveMessage => ({ kind, subject: { kind: "draft", id: "12" }, data: {} });

function stream() {
  const sources: FakeSource[] = [];
  const seen = vi.fn();
  const returned = vi.fn();
  const live = new LiveStream("/stream", seen, returned, () => {
    const source = new FakeSource();
    sources.push(source);
    return source as unknown as EventSource;
  });
  return { live, sources, seen, returned };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the stream", () => {
  it("is one connection for all listeners and closes after the last", () => {
    const { live, sources, seen } = stream();
    const [first, second] = [vi.fn(), vi.fn()];
    const leave = live.listen(first);
    const leaveToo = live.listen(second);
    sources[0]?.say(message("draft.opened"));
    expect([first.mock.calls.length, second.mock.calls.length, seen.mock.calls.length]).toEqual([1, 1, 1]);
    leave();
    expect(sources[0]?.close).not.toHaveBeenCalled();
    leaveToo();
    expect(sources).toHaveLength(1);
    expect(sources[0]?.close).toHaveBeenCalledOnce();
  });

  it("opens again after it was refused, later each time, and says that it is back", () => {
    const { live, sources, returned } = stream();
    live.listen(vi.fn());
    sources[0]?.onopen?.();
    expect(returned).not.toHaveBeenCalled();
    sources[0]?.fail();
    vi.advanceTimersByTime(1_300);
    expect(sources).toHaveLength(2);
    sources[1]?.fail();
    vi.advanceTimersByTime(1_400);
    expect(sources).toHaveLength(2);
    vi.advanceTimersByTime(1_200);
    expect(sources).toHaveLength(3);
    sources[2]?.onopen?.();
    expect(returned).toHaveBeenCalledOnce();
  });

  it("asks anew when the server says that news may have been missed", () => {
    const { live, sources, seen, returned } = stream();
    live.listen(vi.fn());
    sources[0]?.say(message("resync"));
    expect([returned.mock.calls.length, seen.mock.calls.length]).toEqual([1, 0]);
  });

  it("passes over what is no message", () => {
    const { live, sources } = stream();
    const handler = vi.fn();
    live.listen(handler);
    sources[0]?.say("not json");
    sources[0]?.say({ subject: null });
    sources[0]?.say({ kind: "draft.opened" });
    expect(handler.mock.calls).toEqual([[{ kind: "draft.opened", subject: null, data: {} }]]);
  });
});

describe("freshening", () => {
  it.each([
    ["draft.merged", ["drafts", "files"]],
    ["deployment.made", ["deployments"]],
    ["job.progress", []],
    ["alert.firing", ["alerts", "alert_rules"]],
    ["", []],
  ])("%s makes %j stale", (kind, nouns) => {
    expect(staleNouns(kind)).toEqual(nouns);
  });

  it("asks once for a burst", () => {
    const queries = new QueryClient();
    const ask = vi.spyOn(queries, "invalidateQueries").mockResolvedValue();
    const freshen = freshener(queries, "desk");
    for (let count = 0; count < 20; count += 1) freshen(message("alert.firing"));
    expect(ask).not.toHaveBeenCalled();
    vi.advanceTimersByTime(40);
    const once = [
      [{ queryKey: ["desk", "alerts"] }],
      [{ queryKey: ["desk", "alert_rules"] }],
      [{ queryKey: ["desk", "events"] }],
    ];
    expect(ask.mock.calls).toEqual(once);
    freshen(message("alert.ok"));
    vi.advanceTimersByTime(100);
    expect(ask.mock.calls).toEqual(once);
    vi.advanceTimersByTime(200);
    expect(ask.mock.calls).toEqual([...once, ...once]);
  });
});
