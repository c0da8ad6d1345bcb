"""Addresses of the labeler."""

from django.urls import path

from labeler import views

urlpatterns = [
    path("labels/", views.labels, name="labels"),
    path("labels/<int:number>/settle/", views.settle, name="settle_labels"),
]
