use crate::ipc::{Login, Repeat, RpcClient, RpcOptions};
use crate::proto::common::{GetDelegationTokenRequestProto, GetDelegationTokenResponseProto};
use crate::{HadoopError, ServerAddress, Token};

const PROTOCOL: &str = "org.apache.hadoop.hdfs.protocol.ClientProtocol";

/// The NameNode, as far as YARN applications need it: for the token with which their containers read HDFS where there
/// is Kerberos.
#[derive(Debug, Clone)]
pub struct NameNode {
    rpc: RpcClient,
}

impl NameNode {
    /// With several servers, that one is asked which is active. Connects with the first call.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] without a server.
    pub fn connect(
        servers: Vec<ServerAddress>,
        login: Login,
        options: RpcOptions,
    ) -> Result<Self, HadoopError> {
        Ok(Self {
            rpc: RpcClient::new(PROTOCOL, servers, login, options)?,
        })
    }

    /// Gets a token for `renewer` to prolong (for YARN, `yarn.resourcemanager.principal`). None on a cluster without
    /// security, where none is needed. Its service is to be set before it is put into credentials: see
    /// [`ServerAddress::token_service`].
    ///
    /// # Errors
    /// As [`RpcClient::call`].
    pub async fn delegation_token(&self, renewer: &str) -> Result<Option<Token>, HadoopError> {
        let request = GetDelegationTokenRequestProto {
            renewer: renewer.to_owned(),
        };
        // A second one does no harm: it ends by itself.
        let answer: GetDelegationTokenResponseProto = self
            .rpc
            .call("getDelegationToken", &request, Repeat::Safe)
            .await?;
        Ok(answer.token.map(Token::from))
    }
}
