import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.resourcemanager.ResourceManager;
import org.apache.hadoop.yarn.server.resourcemanager.security.DelegationTokenRenewer;

/** Hadoop 3.3's resource manager, without a thread that turns in circles when security is on (YARN-11178). */
public class ResourceManagerMain extends ResourceManager {
    @Override
    protected DelegationTokenRenewer createDelegationTokenRenewer() {
        DelegationTokenRenewer renewer = super.createDelegationTokenRenewer();
        renewer.setDelegationTokenRenewerPoolTracker(false);
        return renewer;
    }

    public static void main(String[] arguments) {
        ResourceManagerMain resourceManager = new ResourceManagerMain();
        resourceManager.init(new YarnConfiguration());
        resourceManager.start();
    }
}
