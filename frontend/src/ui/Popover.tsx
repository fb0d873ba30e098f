import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useState } from "react";
import type { Trigger } from "./Menu";

export interface PopoverProps {
  trigger: ReactElement<Trigger>;
  /** Named for screen readers. */
  label: string;
  align?: "start" | "end";
  width?: number;
  /** Gets `close`, for links inside. */
  children: (close: () => void) => ReactNode;
}

const loadPanel = () => import("./PopoverPanel");
const PopoverPanel = lazy(loadPanel);

/** A button that opens a small panel beside it. Its code is fetched when the pointer comes near. */
export function Popover(props: PopoverProps) {
  const [wanted, setWanted] = useState(false);
  const plain = cloneElement(props.trigger, {
    "aria-haspopup": "dialog",
    "aria-expanded": false,
    onPointerEnter: () => void loadPanel(),
    onClick: () => setWanted(true),
  });
  if (!wanted) return plain;
  return (
    <Suspense fallback={plain}>
      <PopoverPanel {...props} />
    </Suspense>
  );
}
