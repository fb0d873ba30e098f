import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { fileLink } from "./files";

/** A link to a file's page, at main or at another ref. */
export function FileLink(props: {
  project: string;
  path: string;
  ref_?: string | undefined;
  children?: ReactNode;
}) {
  return <Link {...fileLink(props.project, props.path, props.ref_)}>{props.children ?? props.path}</Link>;
}
