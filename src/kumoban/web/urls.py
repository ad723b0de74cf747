from __future__ import annotations

from django.urls import path

from kumoban.web import views

urlpatterns = [
    path("", views.home),
    path("sign-in", views.sign_in),
    path("sign-out", views.sign_out),
    path("language/<str:code>", views.language),
    path("ask", views.ask_index),
    path("ask/<slug:name>", views.ask),
    path("ask/<slug:name>/preview", views.preview),
    path("ask/<slug:name>/offers/<str:field>", views.offers),
    path("mine", views.mine),
    path("inbox", views.inbox),
    path("requests/<str:number>", views.request_page),
    path("requests/<str:number>/live", views.request_live),
    path("requests/<str:number>/<slug:act>", views.act),
    path("grants", views.grants),
    path("rules", views.rules_page),
    path("ledger", views.ledger_page),
    path("demo/clock", views.demo_clock),
]
