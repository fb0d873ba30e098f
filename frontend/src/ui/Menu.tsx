import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useState } from "react";
import type { IconName } from "./Icon";

export interface MenuItem {
  label: ReactNode;
  icon?: IconName;
  /** Small words at the right end: a shortcut, a count. */
  hint?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  /** Given at all, the item is one of a choice and shows whether it is the chosen one. */
  checked?: boolean;
  onSelect?: () => void;
  /** Goes to an address instead; real link behaviour. */
  to?: string;
  params?: Record<string, string>;
}

export interface MenuGroup {
  label?: string;
  items: MenuItem[];
}

export interface Trigger {
  onClick?: (() => void) | undefined;
  onPointerEnter?: (() => void) | undefined;
  "aria-haspopup"?: "menu" | "dialog";
  "aria-expanded"?: boolean;
}

export interface MenuProps {
  /** One button element. */
  trigger: ReactElement<Trigger>;
  groups: MenuGroup[];
  align?: "start" | "end";
}

const loadList = () => import("./MenuList");
const MenuList = lazy(loadList);

/** A button that opens a list of acts. Its code is fetched when the pointer comes near. */
export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const plain = cloneElement(props.trigger, {
    "aria-haspopup": "menu",
    "aria-expanded": false,
    onPointerEnter: () => void loadList(),
    onClick: () => setWanted(true),
  });
  if (!wanted) return plain;
  return (
    <Suspense fallback={plain}>
      <MenuList {...props} />
    </Suspense>
  );
}
