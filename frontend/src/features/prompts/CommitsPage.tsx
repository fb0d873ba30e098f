import { useParams } from "@tanstack/react-router";
import { ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { MAIN } from "./files";
import { History } from "./History";

export default function CommitsPage() {
  const { project = "" } = useParams({ strict: false });
  return (
    <Page
      title="History"
      description="Every change that was ever made to this project's prompts and files, newest first."
      breadcrumb={[{ label: "Prompts & files", to: "/p/$project/files", params: { project } }]}
      actions={
        <ButtonLink icon="tag" to="/p/$project/tags" params={{ project }}>
          Tags
        </ButtonLink>
      }
    >
      <History project={project} refName={MAIN} />
    </Page>
  );
}
