from __future__ import annotations

from django.urls import path

from kumoban.web import asking, lists, request_page, views

urlpatterns = [
    path("", lists.home),
    path("sign-in", views.sign_in),
    path("sign-out", views.sign_out),
    path("language/<str:code>", views.language),
    path("ask", asking.ask_index),
    path("ask/<slug:name>", asking.ask),
    path("ask/<slug:name>/preview", asking.preview),
    path("ask/<slug:name>/offers/<str:field>", asking.offers),
    path("mine", lists.mine),
    path("inbox", lists.inbox),
    path("requests/<str:number>", request_page.request_page),
    path("requests/<str:number>/live", request_page.request_live),
    path("requests/<str:number>/<slug:act>", request_page.act),
    path("grants", lists.grants),
    path("rules", views.rules_page),
    path("ledger", views.ledger_page),
    path("demo/clock", views.demo_clock),
]
