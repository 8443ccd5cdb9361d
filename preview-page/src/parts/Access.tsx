/** Findings of accessibility, in a copy of the view: the page cannot look into the view itself. */

import { Empty } from "./controls";

export const Access = () => <Empty title="Not looked at yet" />;
