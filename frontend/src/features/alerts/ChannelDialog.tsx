import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Dialog } from "@/ui/Dialog";
import { ErrorState } from "@/ui/ErrorState";
import { SkeletonText } from "@/ui/Skeleton";
import { channelsQuery } from "./alerts";
import { EditChannel } from "./EditChannel";
import { NewChannelForm, ShownSecret } from "./NewChannel";

interface ChannelDialogProps {
  project: string;
  /** "new", or a channel's id. */
  id: string;
  onClose: () => void;
}

/** One channel: made, with its secret shown once; or changed, tried and deleted. */
export function ChannelDialog({ project, id, onClose }: ChannelDialogProps) {
  const channels = useQuery(channelsQuery(project));
  const [secret, setSecret] = useState<string | null>(null);
  const channel = channels.data?.find((item) => String(item.id) === id);
  const made = (shown: string) => (shown ? setSecret(shown) : onClose());
  const title = secret ? "Copy the signing secret now" : id === "new" ? "New channel" : "Channel";
  return (
    <Dialog open onClose={onClose} title={title}>
      {secret && <ShownSecret secret={secret} onDone={onClose} />}
      {!secret && id === "new" && <NewChannelForm project={project} onMade={made} />}
      {id !== "new" && channels.isPending && <SkeletonText lines={5} />}
      {id !== "new" && channels.isError && <ErrorState error={channels.error} />}
      {id !== "new" && channels.isSuccess && !channel && <p>This channel is gone: somebody deleted it.</p>}
      {channel && <EditChannel project={project} channel={channel} onClose={onClose} />}
    </Dialog>
  );
}
