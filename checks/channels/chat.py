"""News to Slack or Teams through an SNS topic of its own, by Amazon Q Developer in chat applications.

The topic carries nothing else: the chat shows only messages of its own schema, and nobody wants that JSON by mail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.aws import refusals
from checks.channels import sns
from checks.channels.base import Delivery
from checks.report import chat
from checks.report.build import subject
from checks.rights import Right

if TYPE_CHECKING:
    from checks.report.build import Report
    from checks.rights import Home

IAM_ACTIONS = (sns.PUBLISH,)


@dataclass(frozen=True, slots=True)
class Chat:
    """The channel to a chat's topic, named by its ARN."""

    topic: str
    news_only: bool = False

    @property
    def target(self) -> str:
        """Where reports go."""
        return f"chat {self.topic}"

    def deliver(self, report: Report, stop_at: float | None = None) -> Delivery:  # noqa: ARG002 - one call
        """Publish the report as a notification."""
        answer, error = refusals.attempt(
            lambda: sns.client_for(self.topic).publish(
                TopicArn=self.topic,
                Subject=subject(report),
                Message=chat.encoded(report),
                MessageAttributes=sns.attributes(report),
            )
        )
        if error is None:
            return Delivery(self.target, ok=True, message_id=str(answer.get("MessageId", "")))
        mend = "create it, or correct `chat` (its region and account too)"
        told = refusals.sentence(error, f"the topic {self.topic}", sns.PUBLISH, mend)
        return Delivery(self.target, ok=False, problem=told)

    def needs(self, home: Home) -> tuple[Right, ...]:  # noqa: ARG002 - an ARN says where it is
        """Return the rights on the topic; those to see who listens come with `unheard`."""
        return tuple(Right(action, self.topic) for action in sns.IAM_ACTIONS)

    def unheard(self) -> str:
        """Say whether no chat listens; see `sns.unconfirmed`."""
        return sns.unconfirmed(self.topic)

    def unanswered(self) -> Delivery:
        """Say that the chat may or may not have got the report."""
        told = (
            f"The topic {self.topic} did not answer in time, so whether the chat got the report is not known."
        )
        return Delivery(self.target, ok=False, problem=told)


channel = Chat
"""What `checks.channels.channel_of` makes of a target."""
