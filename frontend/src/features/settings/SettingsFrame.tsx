import { Link, useParams, useRouter } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";
import { useCan } from "@/api/session";
import { Page } from "@/ui/Page";
import { useShownWithin } from "@/ui/useShownWithin";
import styles from "./Settings.module.css";

interface Section {
  label: string;
  path: string;
  /** Who sees it at all; everybody when missing. */
  need?: "owner" | "maintainer";
}

/** The sections of the settings in their order; one shows as soon as its route exists. */
const SECTIONS: Section[] = [
  { label: "General", path: "/p/$project/settings" },
  { label: "Members", path: "/p/$project/settings/members" },
  { label: "Approvals", path: "/p/$project/settings/approvals" },
  { label: "Environments", path: "/p/$project/settings/environments" },
  { label: "API keys", path: "/p/$project/settings/keys", need: "owner" },
  { label: "Models", path: "/p/$project/settings/models" },
  { label: "Gateway", path: "/p/$project/settings/gateway" },
  { label: "Metrics", path: "/p/$project/settings/metrics" },
  { label: "Export", path: "/p/$project/settings/export", need: "maintainer" },
  { label: "Audit trail", path: "/p/$project/settings/audit" },
];

interface FrameProps {
  /** The section's name, as it stands in the row of sections. */
  title: string;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** One section of the project's settings, below the row of all sections. */
export function SettingsFrame({ title, description, actions, children }: FrameProps) {
  return (
    <Page title="Settings" documentTitle={`${title} · Settings`}>
      <Sections title={title} />
      <div className={styles.section}>
        <header className={styles.head}>
          <div className={styles.words}>
            <h2>{title}</h2>
            {description && <p>{description}</p>}
          </div>
          {actions}
        </header>
        {children}
      </div>
    </Page>
  );
}

function Sections({ title }: { title: string }) {
  const { project = "" } = useParams({ strict: false });
  const known = useRouter().routesByPath as Record<string, unknown>;
  const may = { owner: useCan(project, "owner"), maintainer: useCan(project, "maintainer") };
  const shown = SECTIONS.filter((section) => known[section.path] && (!section.need || may[section.need]));
  const row = useRef<HTMLElement>(null);
  useShownWithin(row, '[aria-current="page"]', `${title} ${shown.length}`);
  return (
    <nav ref={row} aria-label="Settings" className={styles.sections}>
      {shown.map((section) => (
        <Link
          key={section.path}
          to={section.path}
          params={{ project }}
          activeOptions={{ exact: true, includeSearch: false }}
          className={styles.place}
          activeProps={{ className: styles.active ?? "" }}
        >
          {section.label}
        </Link>
      ))}
    </nav>
  );
}
