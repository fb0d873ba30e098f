import {
  cloneElement,
  type ReactElement,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";
import styles from "./Tooltip.module.css";

interface Anchor {
  onPointerEnter?: (event: React.PointerEvent) => void;
  onPointerLeave?: (event: React.PointerEvent) => void;
  onFocus?: (event: React.FocusEvent) => void;
  onBlur?: (event: React.FocusEvent) => void;
  onPointerDown?: (event: React.PointerEvent) => void;
  "aria-describedby"?: string | undefined;
}

const WAIT = 350;

/** Words beside an element on hover and on keyboard focus. The child must be one element that takes handlers. */
export function Tooltip({ text, children }: { text: ReactNode; children: ReactElement<Anchor> }) {
  const [target, setTarget] = useState<Element | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const id = useId();
  const hide = () => {
    clearTimeout(timer.current);
    setTarget(null);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  const anchor = children.props;
  const shown = target !== null && text;
  return (
    <>
      {cloneElement(children, {
        "aria-describedby": shown ? id : anchor["aria-describedby"],
        onPointerEnter: (event) => {
          anchor.onPointerEnter?.(event);
          const element = event.currentTarget;
          if (event.pointerType === "mouse") timer.current = setTimeout(() => setTarget(element), WAIT);
        },
        onPointerLeave: (event) => {
          anchor.onPointerLeave?.(event);
          hide();
        },
        onPointerDown: (event) => {
          anchor.onPointerDown?.(event);
          hide();
        },
        onFocus: (event) => {
          anchor.onFocus?.(event);
          if (event.currentTarget.matches(":focus-visible")) setTarget(event.currentTarget);
        },
        onBlur: (event) => {
          anchor.onBlur?.(event);
          hide();
        },
      })}
      {shown && (
        <Bubble id={id} target={target} onEscape={hide}>
          {text}
        </Bubble>
      )}
    </>
  );
}

interface BubbleProps {
  id: string;
  target: Element;
  onEscape: () => void;
  children: ReactNode;
}

function Bubble({ id, target, onEscape, children }: BubbleProps) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (ref.current) place(ref.current, target.getBoundingClientRect());
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => event.key === "Escape" && onEscape();
    document.addEventListener("keydown", onKey);
    window.addEventListener("scroll", onEscape, true);
    return () => {
      document.removeEventListener("keydown", onKey);
      window.removeEventListener("scroll", onEscape, true);
    };
  }, [onEscape]);
  return createPortal(
    <div ref={ref} id={id} role="tooltip" className={styles.bubble}>
      {children}
    </div>,
    document.body,
  );
}

function place(bubble: HTMLElement, box: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = bubble;
  const left = Math.min(Math.max(8, box.left + box.width / 2 - width / 2), window.innerWidth - width - 8);
  const below = box.bottom + 6;
  const top = below + height > window.innerHeight - 8 ? box.top - height - 6 : below;
  bubble.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}
