"""Addresses of the pages about people and credentials."""

from django.urls import path

from flinkci_dashboard import views_activity, views_people, views_status

urlpatterns = [
    path("contacts/", views_people.contacts, name="contacts"),
    path("contacts/contacts.csv", views_people.contacts_csv, name="contacts_csv"),
    path("contacts/contacts.vcf", views_people.contacts_vcard, name="contacts_vcard"),
    path("credentials/", views_people.credentials, name="credentials"),
    path("credentials/probe/", views_people.probe, name="probe_credentials"),
    path("activity/", views_activity.show, name="activity"),
    path("activity/activity.csv", views_activity.export, name="activity_csv"),
    path("status/", views_status.status, name="public_status"),
]
