"""Plans of snapshot schedules. Pure."""

from .plan import SchedulePlan, plan_schedule

__all__ = ["SchedulePlan", "plan_schedule"]
