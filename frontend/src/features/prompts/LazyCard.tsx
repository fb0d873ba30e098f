import { type ReactNode, useEffect, useRef, useState } from "react";

interface LazyCardProps {
  /** Where j and k stop. */
  name: string;
  /** Roughly how high it will be, in px, so that the page does not jump. */
  height: number;
  /** Shown at once. */
  eager: boolean;
  children: ReactNode;
}

/** Something below others on a long page: it is made when it comes near the window, and stays. */
export function LazyCard({ name, height, eager, children }: LazyCardProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(eager);
  useEffect(() => {
    const element = frame.current;
    if (near || !element) return undefined;
    const seen = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setNear(true),
      { rootMargin: "900px 0px" },
    );
    seen.observe(element);
    return () => seen.disconnect();
  }, [near]);
  return (
    <div
      ref={frame}
      data-file={name}
      tabIndex={-1}
      id={`file-${name}`}
      style={near ? undefined : { minHeight: height }}
    >
      {near && children}
    </div>
  );
}
