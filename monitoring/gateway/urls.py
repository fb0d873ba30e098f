from django.urls import path

from monitoring.gateway import api

GATEWAY = "projects/<slug:project>/gateway"

urlpatterns = [
    path(GATEWAY, api.GatewayView.as_view(), name="gateway"),
    path(f"{GATEWAY}/routes", api.GatewayRoutesView.as_view(), name="gateway_routes"),
    path(f"{GATEWAY}/routes/<int:route>", api.GatewayRouteView.as_view(), name="gateway_route"),
    path(f"{GATEWAY}/keys", api.GatewayKeysView.as_view(), name="gateway_keys"),
    path(f"{GATEWAY}/keys/<int:key>", api.GatewayKeyView.as_view(), name="gateway_key"),
]
