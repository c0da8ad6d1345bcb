"""Addresses of the alerts' page and its buttons."""

from django.urls import path

from flinkci_dashboard.alerts import views

urlpatterns = [
    path("", views.show, name="alerts"),
    path("banner/", views.banner, name="banner"),
    path("subscribe/", views.subscribe, name="subscribe"),
    path("subscriptions/<int:pk>/end/", views.unsubscribe, name="unsubscribe"),
    path("channels/<int:pk>/test/", views.test_channel, name="test_channel"),
    path("<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("<int:pk>/silence/", views.silence, name="silence"),
    path("<int:pk>/speak/", views.speak, name="end_silence"),
]
