"""The alerts' page: what fires, what ended, what was sent where; and the buttons of operators and members."""

from typing import Any

from django.contrib import messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from flinkci_dashboard import jobs
from flinkci_dashboard.accounts import audit
from flinkci_dashboard.accounts.roles import OPERATE, needs, signed_in
from flinkci_dashboard.alerts import figures
from flinkci_dashboard.alerts.channels import TEST, set_address
from flinkci_dashboard.alerts.forms import SilenceForm, SubscriptionForm
from flinkci_dashboard.alerts.lists import CHANNELS, MESSAGES, NOW, OVER, SUBSCRIPTIONS
from flinkci_dashboard.alerts.standing import standing_for
from flinkci_dashboard.alerts.summary import JOB
from flinkci_dashboard.jobs.asked import promise
from flinkci_dashboard.models import Alert, Channel, Heartbeat, JobRun, Subscription
from flinkci_dashboard.web.durations import duration
from flinkci_dashboard.web.live import Context, live, rights


def last_pass(request: HttpRequest) -> object:
    """Return what changes when a pass of the alerts ends, or somebody acts on one."""
    run = JobRun.objects.filter(job=JOB).exclude(ended_at=None).order_by().aggregate(at=Max("ended_at"))
    acts = Alert.objects.aggregate(Max("acknowledged_at"), Max("silenced_until"))
    return run, acts


def what_is_wrong(request: HttpRequest) -> object:
    """Return what the banner says."""
    found = standing_for(request)
    worst = [(line.finding.says, line.whom) for line in found.lines[:1]]
    return found.state, found.as_of is None, len(found.lines), worst


@require_GET
@live("alerts/alerts.html", "alerts/_alerts.html", version=last_pass)
def show(request: HttpRequest) -> Context:
    """Show what fires and what ended, what was told of it, and the channels."""
    now = timezone.now()
    found = standing_for(request).seen_by(signed_in(request))
    return {
        "standing": found,
        "table": OVER.of(request, figures.ended()),
        "now": NOW.of(request, figures.lasting(found, now), "now-"),
        "notices": MESSAGES.of(request, figures.notices(), "messages-"),
        "channels": CHANNELS.of(request, figures.shared_channels(), "channels-"),
        "heartbeat": Heartbeat.objects.first(),
        "silence": SilenceForm(),
        "subscriptions": SUBSCRIPTIONS.of(request, _own(request), "own-"),
        "subscribe": SubscriptionForm(member=signed_in(request)),
    }


@require_GET
@live("alerts/banner.html", "alerts/_banner.html", version=what_is_wrong, reader=rights)
def banner(request: HttpRequest) -> Context:
    """Say in a line how it all stands: what every page shows, kept true."""
    return {"standing": standing_for(request)}


@require_POST
@needs(OPERATE)
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that somebody takes care of an alert; then nobody else is called."""
    alert = get_object_or_404(Alert, pk=pk)
    who = signed_in(request).get_username()
    done = Alert.objects.filter(pk=pk, ended_at=None, acknowledged_at=None)
    if done.update(acknowledged_at=timezone.now(), acknowledged_by=who):
        audit.record(request, "acknowledge alert", alert.subject, None, {"rule": alert.rule})
        messages.info(request, f"{alert.subject}: you take care of it.")
    return _back()


@require_POST
@needs(OPERATE)
def silence(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell nothing of an alert for some time, for a reason that everybody reads."""
    alert = get_object_or_404(Alert, pk=pk)
    form = SilenceForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was silenced: say why, and for how long.")
        return _back()
    until, why = timezone.now() + form.length, form.cleaned_data["why"]
    who = signed_in(request).get_username()
    Alert.objects.filter(pk=pk).update(silenced_until=until, silenced_by=who, silenced_why=why)
    audit.record(request, "silence alert", alert.subject, None, {"until": until.isoformat(), "why": why})
    messages.info(request, f"{alert.subject}: nothing is told for {duration(form.length)}.")
    return _back()


@require_POST
@needs(OPERATE)
def speak(request: HttpRequest, pk: int) -> HttpResponse:
    """End a silence."""
    alert = get_object_or_404(Alert, pk=pk)
    Alert.objects.filter(pk=pk).update(silenced_until=timezone.now())
    audit.record(request, "end silence", alert.subject)
    return _back()


@require_POST
@needs(OPERATE)
def test_channel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a test message through a channel."""
    channel = get_object_or_404(Channel, pk=pk, member=None)
    audit.record(request, "test channel", channel)
    jobs.request(JOB, signed_in(request), TEST, str(pk))
    promise(request, JOB, f"{channel}: a test message was asked for", "what came back stands with the pass")
    return _back()


@require_POST
@sensitive_post_parameters("address")
def subscribe(request: HttpRequest) -> HttpResponse:
    """Let a member hear of something, by mail or through a channel of their own."""
    member = signed_in(request)
    form = SubscriptionForm(request.POST, member=member)
    if not form.is_valid():
        for text in (text for errors in form.errors.values() for text in errors):
            messages.error(request, str(text))
        return _back("subscriptions")
    channel = _own_channel(member, form.cleaned_data["address"])
    Subscription.objects.update_or_create(member=member, tag=form.tag, defaults={"channel": channel})
    audit.record(request, "subscribe", form.tag)
    messages.info(request, f"You will hear of {form.tag.replace(':', ' ', 1)}.")
    return _back("subscriptions")


@require_POST
def unsubscribe(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a subscription of one's own back; a channel that nothing else needs goes with it."""
    member = signed_in(request)
    row = get_object_or_404(Subscription, pk=pk, member=member)
    audit.record(request, "unsubscribe", row.tag)
    row.delete()
    Channel.objects.filter(member=member, subscription=None).delete()
    return _back("subscriptions")


def _own_channel(member: Any, address: str) -> Channel | None:
    if not address:
        return None
    channel = Channel(member=member)
    set_address(channel, address)
    if known := Channel.objects.filter(member=member, fingerprint=channel.fingerprint).first():
        return known
    channel.name = f"{member.get_username()}: {channel.service} {channel.fingerprint[:6]}"
    channel.save()
    return channel


def _own(request: HttpRequest) -> list[Subscription]:
    return list(Subscription.objects.filter(member=signed_in(request)).select_related("channel"))


def _back(part: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("alerts") + (f"#{part}" if part else ""))
