import org.apache.solr.client.solrj.embedded.JettyConfig;
import org.apache.solr.client.solrj.embedded.JettySolrRunner;
import org.apache.solr.common.cloud.SolrZkClient;

/** Runs one Solr node in cloud mode: {@code SolrMain <home> <port> <zookeeper> <chroot>}. */
public final class SolrMain {
    public static void main(String[] arguments) throws Exception {
        String home = arguments[0];
        int port = Integer.parseInt(arguments[1]);
        String zookeeper = arguments[2];
        String chroot = arguments[3];

        // Solr wants its part of the tree to exist.
        try (SolrZkClient client = new SolrZkClient(zookeeper, 60_000)) {
            if (!client.exists(chroot, true)) {
                client.makePath(chroot, false, true);
            }
        }
        System.setProperty("zkHost", zookeeper + chroot);
        System.setProperty("hostPort", Integer.toString(port));

        JettyConfig config =
            JettyConfig.builder().setPort(port).setContext("/solr").stopAtShutdown(true).build();
        new JettySolrRunner(home, config).start();
        Thread.currentThread().join();
    }
}
