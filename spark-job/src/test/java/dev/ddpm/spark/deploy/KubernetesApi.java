package dev.ddpm.spark.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import okhttp3.Headers;
import okhttp3.mockwebserver.Dispatcher;
import okhttp3.mockwebserver.MockResponse;
import okhttp3.mockwebserver.MockWebServer;
import okhttp3.mockwebserver.RecordedRequest;
import okio.Buffer;

/**
 * An API server of Kubernetes over plain HTTP that stores, lists and watches objects, and starts
 * nothing. It does two things more than the server it is made of: a pod begins as Pending, and a
 * server-side apply creates what is not there and merges what is.
 */
final class KubernetesApi implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();

  private final KubernetesMockServer server;

  private KubernetesApi(KubernetesMockServer server) {
    this.server = server;
  }

  static KubernetesApi start() {
    var server =
        new KubernetesMockServer(
            new Context(),
            new MockWebServer(),
            new HashMap<>(),
            new Completing(new KubernetesCrudDispatcher()),
            false);
    server.init();
    return new KubernetesApi(server);
  }

  /** The address for {@code --master}, after {@code k8s://}. */
  String url() {
    return "http://127.0.0.1:" + server.getPort();
  }

  NamespacedKubernetesClient client() {
    return server.createClient();
  }

  @Override
  public void close() {
    server.destroy();
  }

  private static final class Completing extends Dispatcher {
    private final KubernetesCrudDispatcher objects;

    Completing(KubernetesCrudDispatcher objects) {
      this.objects = objects;
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
      String type = request.getHeader("Content-Type");
      if (request.getMethod().equals("PATCH") && type != null && type.contains("apply-patch")) {
        return apply(request);
      }
      if (request.getMethod().equals("POST") && request.getPath().matches(".*/pods(\\?.*)?")) {
        return objects.dispatch(
            copy(request, "POST", request.getPath(), type, pending(request.getBody().readUtf8())));
      }
      return objects.dispatch(request);
    }

    private MockResponse apply(RecordedRequest request) {
      String path = request.getPath().replaceAll("\\?.*", "");
      String body = request.getBody().readUtf8();
      if (objects.handleGet(path).getStatus().contains("404")) {
        String collection = path.substring(0, path.lastIndexOf('/'));
        return objects.dispatch(copy(request, "POST", collection, "application/json", body));
      }
      return objects.dispatch(copy(request, "PATCH", path, "application/merge-patch+json", body));
    }

    private static String pending(String pod) {
      try {
        JsonNode object = JSON.readTree(pod);
        if (!object.path("status").has("phase")) {
          ((ObjectNode) object).putObject("status").put("phase", "Pending");
        }
        return JSON.writeValueAsString(object);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static RecordedRequest copy(
        RecordedRequest request, String method, String path, String type, String body) {
      Headers headers =
          request
              .getHeaders()
              .newBuilder()
              .set("Content-Type", type == null ? "application/json" : type)
              .build();
      Buffer buffer = new Buffer().writeUtf8(body);
      return new RecordedRequest(
          method + " " + path + " HTTP/1.1",
          headers,
          List.of(),
          buffer.size(),
          buffer,
          request.getSequenceNumber(),
          new Socket());
    }
  }
}
