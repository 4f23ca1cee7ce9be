"""The table of oversight pages, joined to the console's own: supervisors, administrators, auditors, machines."""

from aiohttp import web

from models.states import Role
from triage.console.access import Route
from triage.console.views import (
    admin,
    admin_bodies,
    admin_channels,
    admin_health,
    admin_start,
    audit,
    audit_export,
    operator_metrics,
    supervisor,
)

ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})
AUDITORS = frozenset({Role.AUDITOR})
LOGIN = "{login:[a-z0-9][a-z0-9._-]{1,31}}"


def oversight_routes() -> tuple[Route, ...]:
    """Pages behind the sign-in, each with the roles that may come."""
    return (
        Route("GET", "/supervisor", supervisor.show_figures, supervisor.FIGURE_READERS),
        Route("POST", "/supervisor/workbook", supervisor.download_workbook, supervisor.FIGURE_READERS),
        Route("GET", "/admin/staff", admin.show_staff, ADMINISTRATORS),
        Route("GET", "/admin/staff/new", admin.show_new, ADMINISTRATORS),
        Route("POST", "/admin/staff/new", admin.add, ADMINISTRATORS),
        Route("GET", f"/admin/staff/of/{LOGIN}", admin.show_person, ADMINISTRATORS),
        Route("POST", f"/admin/staff/of/{LOGIN}", admin.change, ADMINISTRATORS),
        Route("POST", f"/admin/staff/of/{LOGIN}/reset", admin.reset, ADMINISTRATORS),
        Route("POST", f"/admin/staff/of/{LOGIN}/disable", admin.disable, ADMINISTRATORS),
        Route("POST", f"/admin/staff/of/{LOGIN}/second-factor", admin.take_second_factor, ADMINISTRATORS),
        Route("GET", "/admin/rules", admin_health.show_rules, ADMINISTRATORS),
        Route("GET", "/admin/bodies", admin_bodies.show_bodies, ADMINISTRATORS),
        Route("POST", "/admin/bodies", admin_bodies.take_list, ADMINISTRATORS),
        Route("GET", "/admin/channels", admin_channels.show_channels, ADMINISTRATORS),
        Route("POST", "/admin/channels/test", admin_channels.test_channel, ADMINISTRATORS),
        Route("GET", "/admin/health", admin_health.show_health, ADMINISTRATORS),
        Route("GET", "/admin/start", admin_start.show_start, ADMINISTRATORS),
        Route("POST", "/admin/start", admin_start.decide, ADMINISTRATORS),
        Route("GET", "/audit", audit.show_audit, AUDITORS),
        Route("GET", "/audit/export", audit_export.show_export, AUDITORS),
        Route("POST", "/audit/export", audit_export.export, AUDITORS),
        Route("POST", "/audit/verify", audit.verify_chain, AUDITORS),
    )


def machine_routes() -> list[web.RouteDef]:
    """Pages for the operator's machines, before any sign-in; their paths stand in `access.OPEN_PATHS`."""
    return [
        web.get("/healthz", operator_metrics.get_health),
        web.get("/readyz", operator_metrics.get_readiness),
        web.get("/metrics", operator_metrics.get_metrics),
    ]
