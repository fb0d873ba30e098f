/** 16 px line icons. Decorative: a word always stands beside or is given by aria-label on the control. */
const PATHS = {
  overview: "M2.5 7.5 8 3l5.5 4.5M4 6.5V13h8V6.5M6.5 13V9.5h3V13",
  file: "M4 2h5l3 3v9H4zM9 2v3h3M6 8.5h4M6 11h4",
  draft:
    "M4.5 5.5v5M4.5 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM4.5 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM11.5 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM11.5 10.5V6A1.5 1.5 0 0 0 10 4.5H8M9.5 2.7 7.7 4.5l1.8 1.8",
  deploy: "M8 10.5V2.5M5 5.5l3-3 3 3M2.5 10v3.5h11V10",
  ramp: "M2 13h3.5V9.5H9V6h3.5V2.5H14",
  dataset: "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.5 6.3V13",
  training: "M2.5 2.5v11h11M4.5 4.5c.6 4.5 2.5 6.3 8.5 6.6",
  evaluation:
    "M8 2.5v11M5 13.5h6M3 4.5h10M3 4.5 1.5 9h3zM13 4.5 11.5 9h3zM1.5 9a1.5 1.5 0 0 0 3 0M11.5 9a1.5 1.5 0 0 0 3 0",
  log: "M2.5 4h1M2.5 8h1M2.5 12h1M6 4h7.5M6 8h7.5M6 12h7.5",
  quality: "M2 9h2.5l2-5.5 3 9 2-5.5.700 2H14",
  alert:
    "M8 2.5a3.7 3.7 0 0 0-3.7 3.7c0 3.3-1.3 4.3-1.3 4.8h10c0-.5-1.3-1.5-1.3-4.8A3.7 3.7 0 0 0 8 2.5zM6.7 13.3a1.5 1.5 0 0 0 2.6 0",
  settings:
    "M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M10 6.3a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6zM6 13.3a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6z",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3 13.5 13.5",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  close: "M4 4l8 8M12 4l-8 8",
  check: "M3 8.5 6.5 12 13 4.5",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  right: "M6 4l4 4-4 4",
  left: "M10 4 6 8l4 4",
  switch: "M5 6.5 8 3.5l3 3M5 9.5l3 3 3-3",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  play: "M5 3.2v9.6L12.5 8z",
  stop: "M4 4h8v8H4z",
  inbox: "M2.5 9 4.3 3h7.4l1.8 6v4h-11zM2.5 9h3.3c.2 1.2 1 1.9 2.2 1.9S10 10.2 10.2 9h3.3",
  jobs: "M13.5 8A5.5 5.5 0 1 1 8 2.5M8 5v3l2.2 1.5",
  person: "M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM3 13.5c.5-2.3 2.4-3.5 5-3.5s4.5 1.2 5 3.5",
  sun: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.900M11.7 11.7l.9.900M12.6 3.4l-.9.900M4.3 11.7l-.9.900",
  moon: "M13 9.7A5.5 5.5 0 0 1 6.3 3a5.5 5.5 0 1 0 6.7 6.7z",
  screen: "M2 3h12v8H2zM6 13.5h4M8 11v2.5",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.5 9h6l.5-9",
  edit: "M10.5 3 13 5.5 5.5 13H3v-2.5z",
  comment: "M2.5 3h11v8h-6L4.5 13.5V11h-2z",
  refresh: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v2.7h-2.7",
  download: "M8 2.5v8M5 7.5l3 3 3-3M2.5 13.5h11",
  upload: "M8 10.5v-8M5 5.5l3-3 3 3M2.5 13.5h11",
  key: "M6 10.5a3 3 0 1 0-1 2.2M8 9l5.5-5.5M11 6l1.7 1.7M6 10.5 8 9",
  link: "M7 9a2.5 2.5 0 0 0 3.5 0l2.2-2.2a2.5 2.5 0 0 0-3.5-3.5l-.7.700M9 7a2.5 2.5 0 0 0-3.5 0L3.3 9.2a2.5 2.5 0 0 0 3.5 3.5l.7-.7",
  out: "M6.5 3h-3v10h3M9.5 5l3 3-3 3M12.5 8h-6",
  external: "M9 3h4v4M13 3 7.5 8.5M11 9.5V13H3V5h3.5",
  history: "M3 8a5 5 0 1 0 1.5-3.6M3 2.5v2.7h2.7M8 5.5V8l2 1.3",
  undo: "M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6",
  merge:
    "M4.5 5.5v5M4.5 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM4.5 13.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM11.5 9.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM4.5 5.5C5 7.5 7 8 10 8",
  clock: "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 5v3l2 1.5",
  info: "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 7.5V11M8 5.2v.01",
  warn: "M8 2.5 14 13H2zM8 6.5v3M8 11.3v.01",
  table: "M2.5 3h11v10h-11zM2.5 6.5h11M8 6.5V13",
  commit: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 8h4M10.5 8h4",
  spark: "M8 2.5 9.4 6.6 13.5 8 9.4 9.4 8 13.5 6.6 9.4 2.5 8l4.1-1.4z",
  people:
    "M6 7.5a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4zM1.8 13c.4-2 2-3.2 4.2-3.2S9.8 11 10.2 13M10.3 3.3a2.2 2.2 0 0 1 0 4M11.7 10c1.3.400 2.2 1.5 2.5 3",
  tag: "M2.5 2.5h5l6 6-5 5-6-6zM5.2 5.2h.01",
  keyboard: "M1.5 4h13v8h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M5 9.5h6",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === "more" ? 2.4 : 1.4}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      style={{ flex: "none" }}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
